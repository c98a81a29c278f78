"""``--otel`` of the commands, against a collector on loopback."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from scripted_endpoint import calls, text


@pytest.fixture
def bodies(environment):
    """What a collector was sent, by path; the command finds it by OpenTelemetry's own variable."""
    got = {}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            got.setdefault(self.path, []).append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{server.server_port}"
        environment["SEEDSMITH_API_KEY"] = "k-secret-of-tests"
        yield got
        server.shutdown()


def service(endpoint):
    return ("-m", "openai/test", "--base-url", endpoint.base_url)


@pytest.mark.slow
def test_a_run_is_sent(seedsmith, endpoint, bodies):
    endpoint.script(calls(("read", {"path": "a.txt"})), text("Done."))
    done = seedsmith("run", "Look", "--otel", *service(endpoint))
    assert (done.returncode, done.stdout) == (0, "Done.\n"), done.stderr
    traces = b"".join(bodies["/v1/traces"])
    assert all(name in traces for name in (b"invoke_agent seedsmith", b"chat test", b"execute_tool read"))
    assert b"gen_ai.client.token.usage" in b"".join(bodies["/v1/metrics"])
    assert b"a.txt" not in traces and b"Done." not in traces and b"k-secret" not in traces


def test_without_the_flag_nothing_is_sent(seedsmith, endpoint, bodies):
    endpoint.script(text("Done."))
    assert seedsmith("run", "Look", *service(endpoint)).returncode == 0
    assert not bodies


def test_the_packages_are_named_where_they_are_missing(seedsmith, endpoint, bodies, monkeypatch):
    observing = "seedsmith.agent.frontends.telemetry.observing"
    monkeypatch.setattr(f"{observing}.find_spec", lambda name: None)
    done = seedsmith("run", "Look", "--otel", *service(endpoint))
    assert done.returncode == 2 and "pip install 'seedsmith[otel]'" in done.stderr
    assert not endpoint.requests


@pytest.mark.slow
def test_a_program_asks_for_it_by_an_argument(place, endpoint, bodies, environment, monkeypatch):
    from seedsmith import Agent

    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    endpoint.script(text("Done."), text("Done."))
    given = {"model": "openai/test", "base_url": endpoint.base_url, "home": place / "state"}
    Agent(place / "repo", **given).run("Look")
    assert not bodies
    Agent(place / "repo", otel=True, **given).run("Look")
    assert b"invoke_agent seedsmith" in b"".join(bodies["/v1/traces"])
    assert b"gen_ai.client.token.usage" in b"".join(bodies["/v1/metrics"])
