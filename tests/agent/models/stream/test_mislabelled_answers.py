"""Answers under another label than theirs, and base URLs that end in an endpoint, over real HTTP."""

from __future__ import annotations

import json

import pytest
from examples import ALL
from scripted_endpoint import RecordedRequest, calls, plain_body, raw, stream_events, text

from seedsmith import Agent
from seedsmith.agent.models.base import CallReady, Retrying
from seedsmith.agent.models.errors import AuthenticationFailed

MODELS = {"chat": "openai/any", "responses": "evolink/doubao-seed-2.0-code"}
MARK = b"\xef\xbb\xbf"
PATHS = {"chat": "/v1/chat/completions", "responses": "/v1/responses"}
ANSWER = calls(("read", {"path": "a"}), text="Look 汉字")
# Every beginning comes whole and byte by byte, every label both ways: no two of these meet in one branch.
STREAMED = [
    (b"", "application/json", 0),
    (b"", "text/plain", 1),
    (b"\n\n ", "application/json", 1),
    (b"\n\n ", "text/event-stream", 0),
    (MARK, "application/x-ndjson", 0),
    (MARK, "application/json", 1),
    (b": hello\n\n", "text/plain", 0),
    (b": hello\n\n", "application/x-ndjson", 1),
    (MARK + b"\r\nretry: 5\n", "application/json", 0),
    (MARK + b"\r\nretry: 5\n", "text/event-stream", 1),
]
WHOLE = [
    (b"", "text/event-stream", 0),
    (b"", "text/plain", 1),
    (b" \r\n", "text/plain", 0),
    (b" \r\n", "text/event-stream", 1),
    (MARK, "application/json", 0),
    (MARK, "text/event-stream", 1),
    (MARK, "application/json", 1),
]
BODY = b'{"model":"m","stream_options":{"include_usage":true}}'


def sse(wire):
    return b"".join(stream_events(ANSWER, RecordedRequest("POST", PATHS[wire], {}, BODY, 0.0, 0)))


def plain(wire):
    return plain_body(ANSWER, RecordedRequest("POST", PATHS[wire], {}, BODY, 0.0, 0))


@pytest.mark.parametrize("wire", ["chat", "responses"])
@pytest.mark.parametrize(("before", "label", "chunk"), STREAMED)
async def test_an_event_stream_is_one_whatever_its_label(asking, endpoint, wire, before, label, chunk):
    endpoint.script(raw(before + sse(wire), content_type=label, chunk=chunk))
    parts = await asking.parts(asking.model(MODELS[wire], wire))
    assert not [part for part in parts if isinstance(part, Retrying)]
    assert [part.call.name for part in parts if isinstance(part, CallReady)] == ["read"]
    assert parts[-1].text == "Look 汉字"


@pytest.mark.parametrize("wire", ["chat", "responses"])
@pytest.mark.parametrize(("before", "label", "chunk"), WHOLE)
async def test_a_document_is_one_whatever_its_label(asking, endpoint, wire, before, label, chunk):
    endpoint.script(raw(before + plain(wire), content_type=label, chunk=chunk))
    parts = await asking.parts(asking.model(MODELS[wire], wire))
    assert not [part for part in parts if isinstance(part, Retrying)]
    assert (parts[-1].text, [call.name for call in parts[-1].calls]) == ("Look 汉字", ["read"])


async def test_an_error_labelled_as_a_stream_is_understood(asking, endpoint):
    body = {"error": {"code": "AuthenticationError", "message": "no such key"}}
    endpoint.script(raw(json.dumps(body).encode()))
    with pytest.raises(AuthenticationFailed, match="no such key"):
        await asking.answer()


@pytest.mark.parametrize("label", ["application/json", "text/event-stream"])
async def test_what_is_neither_is_asked_for_again(asking, endpoint, label):
    model = asking.model()
    for body in (b"", b"\n \n", MARK, MARK[:2], b"nonsense", b"<html>", b"{", b"[]", b"null", b"data"):
        endpoint.script(raw(body, content_type=label), text("again"))
        parts = await asking.parts(model)
        assert [type(part) for part in parts].count(Retrying) == 1, body
        assert parts[-1].text == "again"


@pytest.mark.counted
@pytest.mark.parametrize("wire", ["chat", "responses"])
@pytest.mark.parametrize("label", ["application/json", "text/event-stream"])
async def test_a_mislabelled_stream_cut_anywhere_runs_no_half_call(asking, endpoint, wire, label):
    whole = sse(wire)
    model = asking.model(MODELS[wire], wire)
    for cut in range(0, len(whole), 37 if ALL else 113):
        endpoint.script(raw(whole, cut_after=cut, content_type=label), text("again"))
        parts = await asking.parts(model)
        retried = any(isinstance(part, Retrying) for part in parts)
        assert parts[-1].text == ("again" if retried else "Look 汉字")
        endpoint.script()


@pytest.mark.parametrize("wire", ["chat", "responses"])
@pytest.mark.parametrize("end", ["", "/", "/chat/completions", "/responses/"])
async def test_a_base_url_may_end_in_an_endpoint(endpoint, tmp_path, wire, end):
    endpoint.script(text("Done."))
    (tmp_path / "work").mkdir()
    options = {"workspace": tmp_path / "work", "home": tmp_path / "state", "api_key": "a-key-for-tests"}
    options |= {"model": MODELS[wire], "wire": wire, "base_url": endpoint.base_url + end}
    assert (await Agent(**options).arun("Go")).status == "done"
    assert [request.path for request in endpoint.requests] == [PATHS[wire]]
