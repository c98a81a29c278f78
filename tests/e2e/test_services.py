"""Services that fail and networks in between, from the command line."""

from __future__ import annotations

import json
import signal
import ssl
import subprocess
import sys

import pytest
import trustme
from examples import first_fast
from relays import Silent, SocksProxy
from scripted_endpoint import Endpoint, calls, error, raw, text

WRITE = ("write", {"path": "a.txt", "content": "written\n"})


class Command:
    """The command with an environment and flags of the test's own."""

    def __init__(self, seedsmith):
        self._seedsmith = seedsmith

    def start(self, *arguments, **variables):
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "seedsmith", "run", "do it", "-C", str(self._seedsmith.workspace)]
            + [*arguments, "--json"],
            cwd="/",
            env=self._seedsmith.environment | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, *arguments, **variables):
        self._seedsmith.extra.update(variables)
        return self._seedsmith.run_plain("run", "do it", *arguments)


@pytest.fixture
def command(seedsmith):
    return Command(seedsmith)


def notices(finished):
    return [(event["code"], event["message"]) for event in finished.of("notice")]


def test_another_model_takes_over_in_the_middle_of_the_work(command, seedsmith, endpoint):
    endpoint.script(
        calls(WRITE, text="I write."),
        error(403, "AccountOverdueError", "pay first"),
        calls(("read", {"path": "a.txt"})),
        text("Done."),
    )
    finished = command.run(
        *("-m", "openai/first", "--base-url", endpoint.base_url, "--fallback", "openai/second"),
        *("--fallback", "openai/third"),
    )
    assert (finished.code, finished.errors) == (0, "")
    assert [request.model for request in endpoint.requests] == ["first", "first", "second", "second"]
    ((code, message),) = notices(finished)
    assert code == "fail_over" and "pay first" in message and "openai/second takes over" in message
    assert [event["served_model"] for event in finished.of("usage")] == ["first", "second", "second"]
    assert endpoint.requests[2].body["messages"] == endpoint.requests[1].body["messages"]
    assert seedsmith.tree() == {"a.txt": "written\n"}


def test_nothing_of_a_broken_answer_is_done_by_the_model_that_takes_over(command, seedsmith, endpoint):
    (seedsmith.workspace / "b.txt").write_text("kept")
    asked = [
        {"index": 0, "id": "c0", "function": {"name": "read", "arguments": '{"path": "b.txt"}'}},
        {"index": 1, "id": "c1", "function": {"name": "write", "arguments": json.dumps(WRITE[1])}},
        {"index": 2, "id": "c2", "function": {"name": "write", "arguments": ""}},
    ]
    events = [{"choices": [{"delta": {"tool_calls": asked}}]}, {"error": {"code": "QuotaExceeded"}}]
    broken = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)
    endpoint.script(raw(broken), text("Done."))
    finished = command.run("-m", "openai/a", "--base-url", endpoint.base_url, "--fallback", "openai/b")
    assert finished.code == 0 and [code for code, _ in notices(finished)] == ["retry", "fail_over"]
    assert seedsmith.tree() == {"b.txt": "kept"} and finished.last["tool_calls"] == 0
    assert [message["role"] for message in endpoint.requests[1].body["messages"]] == ["system", "user"]


def test_fallbacks_are_checked_before_anything_begins(command, endpoint):
    first = ("-m", "openai/first", "--base-url", endpoint.base_url)
    for arguments, words in [
        (("--fallback", "wcode/doubao-seed-2.0-code"), "needs a key of its own: set WCODE_API_KEY"),
        (("--fallback", "nobody"), "named PROVIDER/MODEL"),
    ]:
        finished = command.run(*first, *arguments)
        assert finished.code == 2 and not finished.events and words in finished.errors
    assert not endpoint.requests


def test_a_repository_may_neither_name_a_fallback_nor_an_authority(command, seedsmith, endpoint):
    (seedsmith.workspace / ".seedsmith").mkdir()
    (seedsmith.workspace / ".seedsmith" / "config.yaml").write_text(
        "fallback: [evil/x]\nca_bundle: /evil.pem\n"
    )
    endpoint.script(text("Done."))
    finished = command.run("-m", "openai/first", "--base-url", endpoint.base_url)
    assert finished.code == 0
    assert finished.errors.count("a repository may not set it") == 2


def test_the_user_s_file_may_name_fallbacks(command, seedsmith, endpoint):
    folder = seedsmith.user / ".config" / "seedsmith"
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text("fallback: [openai/second]\n")
    endpoint.script(error(401, ""), text("Done."))
    finished = command.run("-m", "openai/first", "--base-url", endpoint.base_url)
    assert finished.code == 0 and [request.model for request in endpoint.requests] == ["first", "second"]


@pytest.mark.parametrize("number", first_fast(1, [signal.SIGINT, signal.SIGTERM]))
def test_an_interrupt_ends_a_retry_pause_at_once(command, endpoint, number):
    endpoint.script(lambda request: error(503, "", headers={"Retry-After": "100"}))
    process = command.start("-m", "openai/x", "--base-url", endpoint.base_url)
    interrupt_at(process, b'"notice"', number)
    assert ends_interrupted(process)["message"].startswith("Interrupted.")


def test_an_interrupt_ends_a_connect_that_hangs_at_once(command):
    with Silent() as silent:
        process = command.start("-m", "openai/x", "--base-url", f"http://127.0.0.1:{silent.port}/v1")
        interrupt_at(process, b'"turn.started"', signal.SIGINT)
        ends_interrupted(process)


def interrupt_at(process, mark, number):
    for line in process.stdout:
        if mark in line:
            break
    process.send_signal(number)


def ends_interrupted(process):
    output, _ = process.communicate(timeout=60)
    last = json.loads(output.splitlines()[-1])
    assert process.returncode == 130 and last["status"] == "interrupted"
    return last


@pytest.mark.slow
def test_through_a_socks_proxy_to_a_service_with_a_certificate_of_its_own(command, tmp_path):
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("service.test").configure_cert(context)
    bundle = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(bundle))
    with Endpoint(calls(WRITE), text("Done."), tls=context) as service:
        with SocksProxy({"service.test": service.port}, "me:s3cr3t") as proxy:
            options = ("-m", "openai/x", "--base-url", "https://service.test/v1")
            refused = command.run(*options, ALL_PROXY=proxy.url())
            trusted = command.run(*options, "--ca-bundle", str(bundle), ALL_PROXY=proxy.url())
    assert (refused.code, trusted.code) == (4, 0)
    assert "--ca-bundle FILE or SSL_CERT_FILE" in refused.last["message"]
    assert len({request.client_port for request in service.requests}) == 1 and len(service.requests) == 2
    assert "s3cr3t" not in json.dumps(refused.events + trusted.events) + refused.errors + trusted.errors
