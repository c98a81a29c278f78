"""The chat wire end to end: real HTTP against the scripted service."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
from scripted_endpoint import calls, error, raw, reasoning, text

from seedsmith.agent.conversation import AssistantMessage, SystemMessage, ToolCall, ToolOutput, UserMessage
from seedsmith.agent.models.base import CallReady, Notice, ReasoningDelta, Retrying, Spent, TextDelta, Usage
from seedsmith.agent.models.errors import ContentFiltered, InvalidRequest, ServiceUnavailable, StreamBroken
from seedsmith.agent.models.service import reply_reader


async def test_text_and_reasoning_stream_and_usage_is_priced(asking, endpoint):
    usage = {
        "prompt_tokens": 32001,
        "completion_tokens": 1000,
        "prompt_tokens_details": {"cached_tokens": 30000},
        "completion_tokens_details": {"reasoning_tokens": 400},
    }
    endpoint.script(reasoning("Look first. ", "Done 汉字.", delta=2, usage=usage))
    parts = await asking.parts(asking.model("wcode/doubao-seed-2.0-code"))
    answer = parts[-1]
    assert "".join(part.text for part in parts if isinstance(part, TextDelta)) == answer.text == "Done 汉字."
    assert "".join(part.text for part in parts if isinstance(part, ReasoningDelta)) == answer.reasoning
    assert answer.usage == Usage(32001, 30000, 1000, 400)
    assert answer.cost_cny == pytest.approx(32.001 * 0.00485 + 0.0245)
    assert (answer.price_tier, answer.cost_estimated, answer.finish_reason) == ("32k-128k", False, "stop")
    assert (answer.model, answer.request_id, answer.service_tier) == (
        "doubao-seed-2.0-code",
        "chatcmpl-0",
        "default",
    )


async def test_the_request_carries_what_was_asked_and_nothing_of_the_environment(
    asking, endpoint, monkeypatch
):
    monkeypatch.setenv("OPENAI_ORG_ID", "org-leak")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-leak")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Leak: yes\nAuthorization: Bearer leak")
    endpoint.script(text("ok"))
    request = asking.request(
        effort="low", sampling={"temperature": 0.5, "top_k": 3}, tool_choice="read", max_output_tokens=77
    )
    await asking.answer(request=request)
    sent = endpoint.requests[0]
    assert sent.body["max_tokens"] == 77
    assert sent.body["tool_choice"] == {"type": "function", "function": {"name": "read"}}
    assert (sent.body["temperature"], sent.body["top_k"], sent.body["reasoning_effort"]) == (0.5, 3, "low")
    assert sent.body["stream_options"] == {"include_usage": True}
    assert sent.headers["authorization"] == "Bearer sk-secret"
    assert set(sent.headers) <= {
        "host",
        "accept",
        "accept-encoding",
        "connection",
        "user-agent",
        "content-type",
        "authorization",
        "content-length",
    }


async def test_a_text_is_continued_as_it_stands(asking, endpoint):
    endpoint.script(text("return a + b 汉字", delta=2))
    request = asking.request(continue_text="def add(a, b):\n    ", tools=(), sampling={"stop": ["\n"]})
    answer = await asking.answer(request=request)
    sent = endpoint.requests[0]
    assert sent.path == "/v1/completions"
    assert (sent.body["prompt"], sent.body["stop"]) == ("def add(a, b):\n    ", ["\n"])
    assert "messages" not in sent.body
    assert (answer.text, answer.finish_reason) == ("return a + b 汉字", "stop")


@pytest.mark.parametrize(("keep_alive", "connections"), [(True, 1), (False, 2)])
async def test_connections_are_used_again_unless_told_otherwise(asking, endpoint, keep_alive, connections):
    endpoint.script(text("one"), text("two"))
    model = asking.model(keep_alive=keep_alive)
    for _ in range(2):
        await asking.answer(model)
    assert len({request.client_port for request in endpoint.requests}) == connections


async def test_a_service_without_a_key_gets_no_authorization(asking, endpoint):
    endpoint.script(text("ok"))
    await asking.answer(asking.model(key=""))
    assert "authorization" not in endpoint.requests[0].headers


async def test_only_what_the_user_set_is_sent_but_always_a_limit(asking, endpoint):
    endpoint.script(text("ok"))
    await asking.answer(asking.model("wcode/doubao-seed-2.0-code"), asking.request(tools=()))
    assert set(endpoint.requests[0].body) == {"model", "stream", "stream_options", "max_tokens", "messages"}
    assert endpoint.requests[0].body["max_tokens"] == 32768


async def test_fields_the_provider_does_not_take_are_held_back_and_said_once(asking, endpoint):
    endpoint.script(text("a"), text("b"))
    model = asking.model("ark/ep-1")
    request = asking.request(sampling={"top_k": 5, "top_p": 0.5})
    first, second = await asking.parts(model, request), await asking.parts(model, request)
    assert [part.code for part in first if isinstance(part, Notice)] == ["field_dropped"]
    assert not [part for part in second if isinstance(part, Notice)]
    assert "top_k" not in endpoint.requests[0].body and endpoint.requests[0].body["top_p"] == 0.5


async def test_each_body_begins_with_the_whole_of_the_one_before(asking, endpoint):
    endpoint.script(lambda request: calls(("read", {"path": "a"})))
    model = asking.model()
    items = [SystemMessage("s"), UserMessage("fix")]
    for turn in range(4):
        answer = await asking.answer(model, asking.request(*items))
        items.append(AssistantMessage(answer.text, f"thought {turn}", answer.calls))
        items.append(ToolOutput(answer.calls[0].id, "read", "content"))
    bodies = [request.raw for request in endpoint.requests]
    for before, after in zip(bodies, bodies[1:]):
        assert after.startswith(before.removesuffix(b"]}"))
    assert json.loads(bodies[-1])["messages"][2]["reasoning_content"] == "thought 0"


async def test_a_call_is_ready_before_the_answer_ends(asking, endpoint):
    endpoint.script(calls(("read", {"path": "a"}), ("read", {"path": "b"}), delta=4, stall_after=8))
    stream = asking.model().stream(asking.request())
    async for part in stream:
        if isinstance(part, CallReady):
            break
    assert json.loads(part.call.arguments) == {"path": "a"}
    endpoint.release()
    rest = [part async for part in stream]
    assert [part.call for part in rest if isinstance(part, CallReady)] == [rest[-1].calls[1]]
    assert rest[-1].calls[0] == part.call and rest[-1].finish_reason == "tool_calls"


async def test_calls_without_ids_or_with_used_ones_get_fresh_ones(asking, endpoint):
    used = ToolCall("call_0", "read", "{}")
    history = [UserMessage("x"), AssistantMessage("", "", (used,)), ToolOutput("call_0", "read", "y")]
    call = b'{"id":"call_0","function":{"name":"read","arguments":"{}"}}'
    again = b'{"choices":[{"message":{"tool_calls":[' + call + b"]},"
    endpoint.script(
        calls(("read", {}), ("read", {}), call_ids=False),
        raw(again + b'"finish_reason":"tool_calls"}]}', content_type="application/json"),
    )
    model = asking.model()
    first = await asking.answer(model, asking.request(*history))
    second = await asking.answer(model, asking.request(*history))
    ids = {call.id for call in (*first.calls, *second.calls)}
    assert len(ids) == 3 and not ids & {"call_0", ""}


async def test_a_cut_stream_is_asked_again_and_nothing_of_it_remains(asking, endpoint):
    endpoint.script(text("half of it", delta=1, cut_after=900), text("whole"))
    parts = await asking.parts()
    place = next(index for index, part in enumerate(parts) if isinstance(part, Retrying))
    assert (parts[place].code, parts[place].attempt, asking.pauses) == ("broken_stream", 1, [1.0])
    assert parts[-1].text == "whole"


@pytest.mark.parametrize(
    "options",
    [
        {"finish_reason": None, "usage": None},
        {"finish_reason": None, "done": False},
        {"finish_reason": "null", "done": False},
        {"finish_reason": None, "usage": {"completion_tokens": 0}},
        *({"finish_reason": reason} for reason in ("error", "ERROR", "network_error", "abort", "Cancelled")),
        {"finish_reason": "insufficient_system_resource"},
    ],
)
async def test_an_end_without_a_finish_reason_is_a_broken_stream(asking, endpoint, options):
    endpoint.script(text("half", **options), text("whole"))
    parts = await asking.parts()
    assert (
        parts[-1].text == "whole"
        and "finish reason" in next(p for p in parts if isinstance(p, Retrying)).message
    )


def chunk(delta, **more):
    return {"choices": [{"index": 0, "delta": delta, **more}]}


COUNTED = {"choices": [], "usage": {"prompt_tokens": 90, "completion_tokens": 5}}
NAMED = {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "read", "arguments": '{"path": "a"}'}}]}


def events(*objects):
    lines = [f"data: {json.dumps(each)}\n\n" for each in objects]
    return raw("".join([*lines, "data: [DONE]\n\n"]).encode(), content_type="text/event-stream")


@pytest.mark.parametrize(
    "end",
    [
        chunk({}, finish_reason=None),
        chunk({}, finish_reason=""),
        chunk({}, finish_reason="null"),
        chunk({}, finish_reason=None, finishReason="STOP"),
        chunk({"finish_reason": "stop"}),
        chunk({}, finish_reason="end_turn"),
    ],
)
@pytest.mark.parametrize("delta", [{"content": "All is well."}, NAMED], ids=["text", "call"])
async def test_a_whole_answer_with_usage_and_its_end_mark_is_taken(asking, endpoint, delta, end):
    endpoint.script(events(chunk(delta, finish_reason="null"), end, COUNTED))
    parts = await asking.parts()
    answer, calls_seen = parts[-1], [part for part in parts if isinstance(part, CallReady)]
    assert len(endpoint.requests) == 1 and answer.usage == Usage(90, 0, 5, 0)
    assert (answer.text, len(answer.calls), len(calls_seen)) in (("All is well.", 0, 0), ("", 1, 1))
    assert answer.finish_reason in ("tool_calls" if answer.calls else "stop", "stop")


async def test_a_plain_answer_without_a_finish_reason_is_whole(asking, endpoint):
    body = {"choices": [{"message": {"content": "whole"}}], "usage": COUNTED["usage"]}
    endpoint.script(raw(json.dumps(body).encode(), content_type="application/json"))
    assert (await asking.answer()).text == "whole" and len(endpoint.requests) == 1


@pytest.mark.parametrize(
    "deltas",
    [
        [{"reasoning_content": "Hm."}],
        [{"tool_calls": [{"index": 0, "id": "a", "function": {"name": "read", "arguments": '{"pa'}}]}],
        [NAMED, {"tool_calls": [{"index": 1, "id": "b", "function": {"name": "read", "arguments": "{"}}]}],
    ],
)
async def test_half_an_answer_is_none_whatever_marks_its_end(asking, endpoint, deltas):
    endpoint.script(events(*map(chunk, deltas), COUNTED), text("whole"))
    assert (await asking.answer()).text == "whole" and len(endpoint.requests) == 2


@pytest.mark.parametrize("reason", ["max_tokens", "MAX_TOKENS", "maxTokens", "model_length"])
async def test_a_cut_answer_is_seen_however_it_is_spelt(asking, endpoint, reason):
    endpoint.script(calls(("read", {"path": "a"}), finish_reason=reason))
    answer = await asking.answer()
    assert (answer.calls, answer.finish_reason) == ((), "length")


async def test_an_answer_without_a_reason_that_fills_its_limit_was_cut(asking, endpoint):
    endpoint.script(events(chunk({"content": "So"}), COUNTED))
    assert (await asking.answer(request=asking.request(max_output_tokens=5))).finish_reason == "length"


async def test_what_a_broken_answer_took_is_counted_though_it_comes_later(asking, endpoint):
    endpoint.script(events(chunk({"content": "half"}, finish_reason="error"), COUNTED), text("whole"))
    spent = [part.usage for part in await asking.parts() if isinstance(part, Spent)]
    assert spent == [Usage(90, 0, 5, 0)]


async def test_a_finish_reason_is_enough_where_usage_and_end_mark_are_cut(asking, endpoint):
    whole = b'data: {"choices":[{"delta":{"content":"yes"},"finish_reason":"stop"}]}\n\ndata: {"choi'
    endpoint.script(raw(whole + b" " * 9, cut_after=len(whole)))
    answer = await asking.answer()
    assert (answer.text, answer.usage_estimated, answer.cost_cny) == ("yes", True, None)


@pytest.mark.slow
async def test_comments_do_not_reset_the_stall_timer(asking, endpoint):
    async def drip(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
        while not writer.is_closing():
            writer.write(b": keep-alive\n\n")
            await writer.drain()
            await asyncio.sleep(0.01)

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    with pytest.raises(StreamBroken, match=r"stalled for 0\.1 s"):
        await asking.answer(asking.model(base_url=address, stall_seconds=0.1))
    assert len(asking.pauses) == 5
    server.close()


async def test_a_complete_answer_is_held_by_nothing_that_comes_after_it(asking, monkeypatch):
    monkeypatch.setattr(reply_reader, "USAGE_SECONDS", 0.05)

    async def drip(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
        writer.write(b'data: {"choices":[{"delta":{"content":"yes"},"finish_reason":"stop"}]}\n\n')
        while not writer.is_closing():
            writer.write(b'data: {"choices":[]}\n\n')
            await writer.drain()
            await asyncio.sleep(0.01)

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    assert (await asking.answer(asking.model(base_url=address))).text == "yes"
    server.close()


async def test_a_stalled_stream_is_asked_again(asking, endpoint):
    endpoint.script(text("never ends", stall_after=1), text("whole"))

    async def wait_longer(_):
        model._stall_seconds = 60.0

    asking._sleep = wait_longer
    model = asking.model(stall_seconds=0.2)
    parts = await asking.parts(model)
    assert [part.code for part in parts if isinstance(part, Retrying)] == ["stalled"]
    assert parts[-1].text == "whole"


async def test_leaving_the_stream_lets_go_of_the_connection(asking, endpoint):
    endpoint.script(text("one", stall_after=1), text("two"))
    model = asking.model()
    task = asyncio.create_task(asking.parts(model))
    while not endpoint.requests:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await asking.answer(model)).text == "two"


async def test_plain_answers_are_asked_for_once_streaming_was_refused(asking, endpoint):
    def serve(request):
        return (
            error(400, "InvalidParameter", "stream is not supported") if request.streaming else text("plain")
        )

    endpoint.script(serve)
    model = asking.model()
    parts = await asking.parts(model)
    assert [part.code for part in parts if isinstance(part, Notice)] == ["stream_refused"]
    assert parts[-1].text == "plain" and parts[-1].usage is not None
    await asking.answer(model)
    assert [request.streaming for request in endpoint.requests] == [True, False, False]


async def test_a_plain_answer_to_a_streaming_request_is_taken(asking, endpoint):
    message = {"role": "assistant", "content": "plain", "tool_calls": None}
    body = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "error": {}}
    endpoint.script(raw(json.dumps(body).encode(), content_type="application/json; charset=utf-8"))
    assert (await asking.answer()).text == "plain"


@pytest.mark.parametrize(
    ("refusal", "field"),
    [
        (error(400, "InvalidParameter", "no", param="stream_options"), "stream_options"),
        (
            error(400, "InvalidParameter.Unknown", 'json: unknown field "parallel_tool_calls"'),
            "parallel_tool_calls",
        ),
        (error(400, "", "`top_k` is not permitted"), "top_k"),
        (
            error(400, "unsupported_parameter", "Unsupported parameter: 'max_tokens'", param="max_tokens"),
            "max_tokens",
        ),
    ],
)
async def test_a_refused_optional_field_is_dropped_for_good(asking, endpoint, refusal, field):
    endpoint.script(refusal, text("a"), text("b"))
    model, request = asking.model(), asking.request(sampling={"top_k": 2})
    parts = await asking.parts(model, request)
    await asking.answer(model, request)
    assert [part.code for part in parts if isinstance(part, Notice)] == ["field_dropped"]
    assert [field in request.body for request in endpoint.requests] == [True, False, False]
    assert {"max_tokens", "max_completion_tokens"} & set(endpoint.requests[-1].body)
    assert asking.pauses == []


async def test_reasoning_is_dropped_from_the_history_where_it_is_refused(asking, endpoint):
    endpoint.script(error(400, "InvalidParameter", "x", param="messages[1].reasoning_content"), text("ok"))
    history = [UserMessage("q"), AssistantMessage("a", "thought"), UserMessage("more")]
    await asking.answer(request=asking.request(*history))
    assert [b"reasoning_content" in request.raw for request in endpoint.requests] == [True, False]


async def test_a_field_refused_again_stops_with_the_service_own_words(asking, endpoint):
    endpoint.script(lambda request: error(400, "InvalidParameter", "max_tokens is too large"))
    with pytest.raises(InvalidRequest, match="max_tokens is too large"):
        await asking.answer()
    assert len(endpoint.requests) == 2


async def test_calls_cut_by_the_length_limit_are_never_returned(asking, endpoint):
    endpoint.script(calls(("read", {"path": "a"}), ("read", '{"path": "b'), finish_reason="length"))
    parts = await asking.parts()
    assert (parts[-1].calls, parts[-1].finish_reason) == ((), "length")
    assert [part.code for part in parts if isinstance(part, Notice)] == ["calls_cut"]


async def test_a_call_that_looks_complete_is_not_ready_where_the_length_limit_cut_it(asking, endpoint):
    endpoint.script(calls(("read", {"path": "a"}), finish_reason="length"))
    assert not [part for part in await asking.parts() if isinstance(part, CallReady)]


async def test_malformed_arguments_are_returned_as_they_are_but_never_early(asking, endpoint):
    endpoint.script(calls(("read", '{"path": '), ("read", "[1]")))
    parts = await asking.parts()
    assert [call.arguments for call in parts[-1].calls] == ['{"path": ', "[1]"]
    assert not [part for part in parts if isinstance(part, CallReady)]


async def test_a_filtered_answer_is_an_error(asking, endpoint):
    endpoint.script(text("half", finish_reason="content_filter"))
    with pytest.raises(ContentFiltered, match="openai/any held back the answer"):
        await asking.answer()


async def test_an_error_inside_the_stream_is_an_error_by_its_code(asking, endpoint):
    event = (
        b'data: {"choices":[{"delta":{"content":"ha"}}]}\n\ndata: {"error":{"code":"%b","message":"m"}}\n\n'
    )
    endpoint.script(raw(event % b"ServerOverloaded"), text("ok"))
    assert (await asking.answer()).text == "ok"
    endpoint.script(raw(event % b"OutputTextSensitiveContentDetected"))
    with pytest.raises(ContentFiltered):
        await asking.answer()


async def test_a_leaked_call_is_recovered(asking, endpoint):
    leak = 'I look.\n```json\n{"name": "read", "arguments": {"path": "a"}}\n```'
    endpoint.script(text(leak))
    parts = await asking.parts()
    answer = parts[-1]
    assert (answer.text, answer.finish_reason) == ("I look.", "tool_calls")
    assert json.loads(answer.calls[0].arguments) == {"path": "a"} and answer.calls[0].id
    assert [part.code for part in parts if isinstance(part, Notice)] == ["call_recovered"]
    assert CallReady(answer.calls[0]) in parts


async def test_a_leak_naming_no_tool_on_offer_stays_text(asking, endpoint):
    leak = '```json\n{"name": "format_disk", "arguments": {}}\n```'
    endpoint.script(text(leak))
    answer = await asking.answer()
    assert (answer.text, answer.calls) == (leak, ())


async def test_invalid_utf8_in_text_is_shown_and_in_calls_refused(asking, endpoint):
    event = b'data: {"choices":[{"delta":{%b},"finish_reason":"stop"}]}\n\n'
    function = b'{"name":"read","arguments":"{\\"path\\": \\"\xff\\"}"}'
    call = b'"tool_calls":[{"index":0,"id":"a","function":' + function + b"}]"
    endpoint.script(raw(event % b'"content":"a\xff"'), raw(event % call), text("again"))
    parts = await asking.parts()
    assert parts[-1].text == "a\ufffd" and parts[-2].code == "invalid_utf8"
    assert (await asking.answer()).text == "again"


@pytest.mark.parametrize(
    "body", [b"", b"data: [1, 2\n\n", b"data: []\n\n", b'data: {"choices": 7}\n\n', b"\xff\xfe\x00"]
)
async def test_nonsense_ends_as_an_error_after_all_tries(asking, endpoint, body):
    endpoint.script(lambda request: raw(body))
    with pytest.raises(StreamBroken, match="no complete answer in 6 tries"):
        await asking.answer()
    assert asking.pauses == [1.0, 2.0, 4.0, 8.0, 16.0]


async def test_a_web_page_says_that_the_address_is_wrong(asking, endpoint):
    endpoint.script(raw(b"<html>hello</html>", content_type="text/html; charset=utf-8"))
    with pytest.raises(InvalidRequest, match="web page: check the base URL"):
        await asking.answer()


async def test_an_address_where_nobody_listens(asking):
    with pytest.raises(ServiceUnavailable, match=r"openai can't be reached at http://127\.0\.0\.1:1/v1"):
        await asking.answer(asking.model(base_url="http://me:secret@127.0.0.1:1/v1"))
    assert len(asking.pauses) == 3


async def test_a_redirection_is_not_followed_with_the_key(asking, endpoint):
    endpoint.script(raw(b"", status=302, headers=(("location", "http://elsewhere.test/"),)))
    with pytest.raises(InvalidRequest, match=r"redirects to http://elsewhere\.test/"):
        await asking.answer()


async def test_proxies_are_bypassed_on_loopback(asking, endpoint):
    endpoint.script(text("direct"))
    environment = {"ALL_PROXY": "socks5://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1"}
    assert (await asking.answer(asking.model(environment=environment))).text == "direct"


async def test_split_anywhere_the_answer_is_the_same(asking, endpoint):
    endpoint.script(
        *(
            calls(
                ("read", {"path": "汉字/🙂"}),
                text="好🙂",
                reasoning="嗯",
                chunk=size,
                delta=size,
                comments=True,
            )
            for size in (1, 2, 3, 7)
        )
    )
    for _ in range(4):
        answer = await asking.answer()
        assert (answer.text, answer.reasoning) == ("好🙂", "嗯")
        assert json.loads(answer.calls[0].arguments) == {"path": "汉字/🙂"}


async def test_cut_anywhere_it_is_asked_again_until_whole(asking, endpoint):
    answer = calls(("read", {"path": "汉字"}), ("read", {"path": "b"}), text="a", delta=3)
    cuts = range(0, 3500, 250)
    endpoint.script(*(step for cut in cuts for step in (replace(answer, cut_after=cut), answer)))
    model = asking.model()
    for _ in cuts:
        whole = await asking.answer(model)
        assert [json.loads(call.arguments)["path"] for call in whole.calls] == ["汉字", "b"]
    assert len(asking.pauses) == len(endpoint.requests) - len(cuts)


async def test_the_document_s_own_sample_answer_parses_byte_for_byte(asking, endpoint):
    body = (Path(__file__).parent / "data" / "seed-answer.json").read_bytes()
    endpoint.script(raw(body, content_type="application/json"))
    answer = await asking.answer(asking.model("wcode/doubao-seed-2.0-code"))
    assert answer.text.startswith("你好!我是 Doubao Seed 2.0 Code") and answer.text.endswith(
        "我会尽力帮你哒!"
    )
    assert answer.reasoning.startswith("\n用户现在让我介绍自己")
    assert answer.usage == Usage(46, 0, 529, 329)
    assert (answer.model, answer.service_tier) == ("doubao-seed-2-0-code-preview-260215", "default")
    assert answer.cost_cny == pytest.approx(46 * 0.00325e-3 + 529 * 0.0165e-3)
