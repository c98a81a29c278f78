"""What a collector gets of a run, over HTTP on loopback, decoded by the protocol's own messages."""

import socket
import subprocess
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from seedsmith.agent.events import (
    EventSink,
    SessionFinished,
    SessionStarted,
    Text,
    ToolFinished,
    ToolStarted,
    TurnStarted,
    UsageReported,
)
from seedsmith.agent.frontends.telemetry.observing import observing
from seedsmith.agent.redact import Redactor
from seedsmith.agent.settings.settings import Settings

CONTENT = ("gen_ai.output.messages", "gen_ai.tool.call.arguments", "gen_ai.tool.call.result")
BEGUN = SessionStarted("m", "openai", "chat", "/somewhere/private", "bwrap", {})


def values_of(attributes):
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}


class Collector:
    """A receiver of OTLP over HTTP, as a collector is one."""

    def __init__(self):
        self.traces, self.metrics, self.headers = [], [], []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.headers.append(dict(self.headers))
                if self.path == "/v1/traces":
                    collector.traces.append(ExportTraceServiceRequest.FromString(body))
                elif self.path == "/v1/metrics":
                    collector.metrics.append(ExportMetricsServiceRequest.FromString(body))
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    @property
    def resource(self):
        return values_of(self.traces[0].resource_spans[0].resource.attributes)

    @property
    def spans(self):
        return [
            span
            for request in self.traces
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def named(self, name):
        return [each for each in self.spans if each.name == name]

    def points(self, name):
        return [
            point
            for request in self.metrics
            for resource in request.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.histogram.data_points
        ]


@pytest.fixture
def collector():
    opened = Collector()
    yield opened
    opened.close()


@pytest.fixture
def sent(collector, monkeypatch):
    """Sends events to the collector: each ``(seconds, event)`` or ``(seconds, event, session)``."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)

    def send(*events, secrets=(), **settings):
        now = [0.0]
        with observing(Settings(otel=True, **settings)) as watchers:
            sinks = {}
            for seconds, event, *session in events:
                name = session[0] if session else "s1"
                now[0] = 1_700_000_000 + seconds
                if name not in sinks:
                    sinks[name] = EventSink(name, watchers, lambda: now[0], Redactor(secrets))
                sinks[name].emit(event)

    return send


def usage(input_tokens=100, output_tokens=7):
    return UsageReported("r1", "m-served", "", input_tokens, 40, output_tokens, 3, 0.25, "")


def finished(status="done", code=0):
    tokens = {"input_tokens": 200, "output_tokens": 14}
    return SessionFinished(status, code, 2, 1, tokens, 0.5, False, None, ["a.py"], "", "All done.")


RUN = (
    (0, BEGUN),
    (1, TurnStarted(1)),
    (2, Text("I look. The key is hunter2hunter2.")),
    (3, ToolStarted("c1", "read", {"path": "a.py", "key": "hunter2hunter2"})),
    (4, usage()),
    (5, ToolFinished("c1", True, "read", 1.0, {}, "caf\udce9 hunter2hunter2")),
    (6, TurnStarted(2)),
    (8, usage()),
    (9, finished()),
)


def seconds_of(span):
    return (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9


def test_a_run_is_one_trace_by_the_conventions(collector, sent):
    sent(*RUN)
    (whole,) = collector.named("invoke_agent seedsmith")
    chats, (tool,) = collector.named("chat m"), collector.named("execute_tool read")
    assert {each.trace_id for each in collector.spans} == {whole.trace_id}
    assert not whole.parent_span_id and {each.parent_span_id for each in (*chats, tool)} == {whole.span_id}
    assert [seconds_of(each) for each in (whole, *chats, tool)] == [9, 3, 2, 2]
    assert (whole.kind, chats[0].kind, tool.kind) == (1, 3, 1)  # internal, client, internal
    told = values_of(chats[0].attributes)
    assert told["gen_ai.operation.name"] == "chat" and told["gen_ai.provider.name"] == "openai"
    assert told["gen_ai.request.model"] == "m" and told["gen_ai.response.model"] == "m-served"
    assert (told["gen_ai.usage.input_tokens"], told["gen_ai.usage.output_tokens"]) == (100, 7)
    assert told["gen_ai.conversation.id"] == "s1" and told["seedsmith.cost_cny"] == 0.25
    whole_told = values_of(whole.attributes)
    assert whole_told["gen_ai.usage.input_tokens"] == 200 and whole_told["seedsmith.status"] == "done"
    assert values_of(tool.attributes)["gen_ai.tool.call.id"] == "c1"
    assert not any(each.status.code for each in collector.spans)
    assert collector.resource["service.name"] == "seedsmith"


def test_tokens_and_durations_are_metrics(collector, sent):
    sent(*RUN)
    tokens = {
        values_of(each.attributes)["gen_ai.token.type"]: each
        for each in collector.points("gen_ai.client.token.usage")
    }
    assert {kind: (each.count, each.sum) for kind, each in tokens.items()} == {
        "input": (2, 200),
        "output": (2, 14),
    }
    assert list(tokens["input"].explicit_bounds)[:4] == [1, 4, 16, 64]
    totals = {
        name: sum(each.sum for each in collector.points(f"gen_ai.{name}.duration"))
        for name in ("client.operation", "invoke_agent", "execute_tool")
    }
    assert totals == {"client.operation": 5, "invoke_agent": 9, "execute_tool": 2}
    names = {
        name
        for each in collector.points("gen_ai.execute_tool.duration")
        for name in values_of(each.attributes)
    }
    assert "gen_ai.tool.call.id" not in names and "gen_ai.conversation.id" not in names


def test_content_is_sent_only_where_it_was_asked_for_and_without_secrets(collector, sent):
    sent(*RUN, secrets=("hunter2hunter2",))
    whole = b"".join(each.SerializeToString() for each in collector.traces)
    assert not any(name.encode() in whole for name in CONTENT)
    assert b"a.py" not in whole and b"private" not in whole and b"All done" not in whole
    collector.traces.clear()
    sent(*RUN, secrets=("hunter2hunter2",), otel_content=True)
    whole = b"".join(each.SerializeToString() for each in collector.traces)
    assert all(name.encode() in whole for name in CONTENT)
    assert b"hunter2" not in whole and b"[redacted]" in whole
    (tool,) = collector.named("execute_tool read")
    assert values_of(tool.attributes)["gen_ai.tool.call.result"] == "caf\\udce9 [redacted]"


def test_content_is_cut_at_a_length(collector, sent):
    sent(
        (0, BEGUN),
        (1, ToolStarted("c", "read", {})),
        (2, ToolFinished("c", True, "", 1.0, {}, "x" * 99_999)),
        (3, finished()),
        otel_content=True,
    )
    (tool,) = collector.named("execute_tool read")
    assert len(values_of(tool.attributes)["gen_ai.tool.call.result"]) == 16_384


def test_what_failed_is_an_error_and_nothing_outlives_its_run(collector, sent):
    sent(
        (0, BEGUN),
        (1, TurnStarted(1)),
        (2, ToolStarted("c1", "shell", {})),
        (3, ToolFinished("c1", False, "", 1.0, {})),
        (4, ToolStarted("c2", "shell", {})),
        (5, finished("provider_error", 5)),
    )
    errors = Counter(values_of(each.attributes).get("error.type") for each in collector.spans)
    assert errors == {"provider_error": 1, "tool_error": 1, "cut_off": 2}
    assert {each.status.code for each in collector.spans} == {2}


def test_runs_side_by_side_are_traces_of_their_own(collector, sent):
    sent(
        (0, BEGUN, "a"), (1, BEGUN, "b"), (2, TurnStarted(1), "a"), (3, TurnStarted(1), "b"),
        (4, usage(), "b"), (5, usage(), "a"), (6, finished(), "b"), (7, ToolStarted("x", "read", {}), "none"),
    )  # fmt: skip
    by_session = {}
    for each in collector.spans:
        by_session.setdefault(values_of(each.attributes)["gen_ai.conversation.id"], []).append(each)
    assert {name: len(each) for name, each in by_session.items()} == {"a": 2, "b": 2}
    assert len({each.trace_id for each in by_session["a"]} | {each.trace_id for each in by_session["b"]}) == 2
    cut = [each.name for each in collector.spans if each.status.code]
    assert cut == ["invoke_agent seedsmith"]  # of a, which never said its last word


def test_the_variables_of_opentelemetry_hold(collector, sent, monkeypatch):
    monkeypatch.setenv("OTEL_SERVICE_NAME", "my-agents")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "team=green")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-team=blue")
    sent(*RUN)
    assert (collector.resource["service.name"], collector.resource["team"]) == ("my-agents", "green")
    assert {each["x-team"] for each in collector.headers} == {"blue"}


def test_a_collector_that_answers_nothing_costs_a_bounded_end(monkeypatch, capfd):
    monkeypatch.setattr("seedsmith.agent.frontends.telemetry.otel_providers.LAST_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with observing(Settings(otel=True)) as watchers:
            sink = EventSink("s1", watchers)
            for event in (BEGUN, TurnStarted(1), usage(), finished()):
                sink.emit(event)
    assert capfd.readouterr() == ("", "")


def test_nothing_is_imported_where_nothing_was_asked_for():
    code = (
        "import sys; from seedsmith.agent.frontends.telemetry.observing import observing\n"
        "from seedsmith.agent.settings.settings import Settings\n"
        "with observing(Settings()) as none: assert none == ()\n"
        "assert not any(name.startswith('opentelemetry') for name in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
