"""Every code of docs/model-service.md, "Errors", decided over real HTTP."""

from __future__ import annotations

import json

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_endpoint import error, raw, text

from seedsmith.agent.conversation import UserMessage
from seedsmith.agent.models import errors
from seedsmith.agent.models.base import Answer, CallReady, Retrying
from seedsmith.agent.models.tries.refusal import MESSAGE_LIMIT, Verdict
from seedsmith.agent.models.tries.refusal_reader import error_in, parse_refusal, refusal_from
from seedsmith.agent.models.tries.retry import RetryPolicy
from seedsmith.tools.base import Image

STOPS = [
    (429, "QuotaExceeded", errors.QuotaExceeded, "top it up"),
    (429, "SetLimitExceeded", errors.QuotaExceeded, "raise its limit"),
    (403, "AccountOverdueError", errors.QuotaExceeded, "top it up"),
    (402, "", errors.QuotaExceeded, "top it up"),
    (400, "OutofContextError", errors.ContextExceeded, "longer than"),
    (400, "InvalidParameter", errors.InvalidRequest, "refuses the request"),
    (400, "InvalidParameter.UnsupportedImageFormat", errors.InvalidRequest, "refuses the request"),
    (400, "MissingParameter", errors.InvalidRequest, "refuses the request"),
    (400, "InputTextSensitiveContentDetected", errors.ContentFiltered, "the question as sensitive"),
    (400, "OutputTextSensitiveContentDetected", errors.ContentFiltered, "the answer as sensitive"),
    (401, "AuthenticationError", errors.AuthenticationFailed, "SEEDSMITH_API_KEY or WCODE_API_KEY"),
    (401, "", errors.AuthenticationFailed, "SEEDSMITH_API_KEY or WCODE_API_KEY"),
    (403, "AccessDenied", errors.AuthenticationFailed, "SEEDSMITH_API_KEY or WCODE_API_KEY"),
    (404, "ModelNotOpen", errors.ModelNotAvailable, "doesn't serve doubao-seed-2.0-code"),
    (404, "InvalidEndpointOrModel.NotFound", errors.ModelNotAvailable, "doesn't serve doubao-seed-2.0-code"),
    (404, "", errors.ModelNotAvailable, "doesn't serve doubao-seed-2.0-code"),
    (413, "", errors.InvalidRequest, "HTTP 413"),
    (403, "OperationDenied.ServiceOverdue", errors.QuotaExceeded, "top it up"),
    (403, "OperationDenied.ServiceNotOpen", errors.ModelNotAvailable, "open the model there"),
    (429, "insufficient_quota", errors.QuotaExceeded, "top it up"),
    (403, "insufficient_user_quota", errors.QuotaExceeded, "top it up"),
    (400, "context_length_exceeded", errors.ContextExceeded, "longer than"),
    (404, "model_not_found", errors.ModelNotAvailable, "open the model there"),
    (400, "InputImageSensitiveContentDetected", errors.ContentFiltered, "the question as sensitive"),
]
RETRIED = [
    (429, "RateLimitExceeded.EndpointRPMExceeded"),
    (429, "ModelAccountRpmRateLimitExceeded"),
    (429, "ModelAccountTpmRateLimitExceeded"),
    (429, "AccountRateLimitExceeded"),
    (429, "ServerOverloaded"),
    (429, "SomethingNew"),
    (429, "InflightBatchsizeExceeded"),
    (400, "rate_limit_exceeded"),
    (529, "overloaded_error"),
    (408, ""),
    (500, "InternalServiceError"),
    (502, ""),
    (503, ""),
    (504, ""),
]

CODES = {code for _, code, _, _ in STOPS} - {"", "AccessDenied"}
BEGUN = (
    b'data: {"choices": [{"delta": {"content": "half", "tool_calls": [{"index": 0, "id": "a", "function":'
    b' {"name": "read", "arguments": "{}"}}, {"index": 1, "function": {"name": "read"}}]}}]}\n\n'
)


def event(code):
    return b'data: {"error": {"code": "%b", "message": "the service\'s own words"}}\n\n' % code.encode()


@pytest.mark.parametrize(("status", "code", "kind", "words"), STOPS)
async def test_codes_that_stop_the_run(asking, endpoint, status, code, kind, words):
    endpoint.script(error(status, code, "the service's own words"))
    await stops(asking, endpoint, kind, words, (code, status))


@pytest.mark.parametrize(("status", "code", "kind", "words"), [row for row in STOPS if row[1] in CODES])
@pytest.mark.parametrize("begun", [b"", BEGUN])
async def test_the_same_codes_inside_a_stream(asking, endpoint, status, code, kind, words, begun):
    endpoint.script(raw(begun + event(code)))
    await stops(asking, endpoint, kind, words, (code, None))


@pytest.mark.parametrize(("status", "code", "kind", "words"), [row for row in STOPS if row[1] in CODES])
async def test_the_same_codes_in_a_plain_body_under_a_good_status(
    asking, endpoint, status, code, kind, words
):
    endpoint.script(error(200, code, "the service's own words"))
    await stops(asking, endpoint, kind, words, (code, None))


async def stops(asking, endpoint, kind, words, told):
    model, parts = asking.model("wcode/doubao-seed-2.0-code"), []
    with pytest.raises(kind) as stopped:
        async for part in model.stream(asking.request()):
            parts.append(part)
    message = str(stopped.value)
    assert type(stopped.value) is kind and (stopped.value.code, stopped.value.status) == told
    assert words in message and "the service's own words" in message and "wcode" in message
    assert len(endpoint.requests) == 1 and message.endswith(".") and "\n" not in message
    assert not [part for part in parts if isinstance(part, Answer)] and "sk-secret" not in message


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (400, "InvalidParameter", "Invalid value: image_url is not supported by this model"),
        (400, "InvalidParameter.OversizeImage", "too many pixels"),
        (400, "", "messages[1].content: invalid type: sequence, expected a string"),
        (422, "", "This model does not support vision."),
        (500, "server_error", "image input is not supported - hint: you may need to provide the mmproj"),
    ],
)
async def test_refused_pictures_are_said_to_be_the_reason_and_not_asked_again(
    asking, endpoint, status, code, words
):
    endpoint.script(error(status, code, words))
    seeing = asking.request(UserMessage("See.", images=(Image(b"\x89PNG", "image/png", "a.png"),)))
    with pytest.raises(errors.InvalidRequest) as stopped:
        await asking.answer(request=seeing)
    said = str(stopped.value)
    assert said.startswith("openai/any refuses the request over its pictures: leave them out, or use a model")
    assert words.rstrip(".") in said and said.endswith(").") and len(endpoint.requests) == 1


@pytest.mark.parametrize(("status", "code"), RETRIED)
async def test_codes_that_are_retried(asking, endpoint, status, code):
    endpoint.script(error(status, code), text("ok"))
    parts = await asking.parts()
    assert [part.code for part in parts if isinstance(part, Retrying)] == [code or f"http_{status}"]
    assert parts[-1].text == "ok" and asking.pauses == [1.0]


@pytest.mark.parametrize(("status", "code"), [row for row in RETRIED if row[1]])
@pytest.mark.parametrize("begun", [b"", BEGUN])
async def test_the_same_codes_inside_a_stream_void_what_came(asking, endpoint, status, code, begun):
    endpoint.script(raw(begun + event(code)), text("ok"))
    parts = await asking.parts()
    (place,) = [place for place, part in enumerate(parts) if isinstance(part, Retrying)]
    assert parts[place].code == code and parts[-1].text == "ok" and not parts[-1].calls
    assert not [part for part in parts[place:] if isinstance(part, CallReady)]


async def test_the_code_outweighs_the_status(asking, endpoint):
    endpoint.script(error(500, "OutofContextError"))
    with pytest.raises(errors.ContextExceeded):
        await asking.answer()
    endpoint.script(error(400, "RateLimitExceeded.x"), text("ok"))
    assert (await asking.answer()).text == "ok"


async def test_a_burst_is_ramped_up_slower(asking, endpoint):
    endpoint.script(error(429, "RequestBurstTooFast"), error(429, "RequestBurstTooFast"), text("ok"))
    await asking.answer()
    assert asking.pauses == [4.0, 8.0]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("Sun, 09 Sep 2001 01:47:10 GMT", 30.0),  # 30 s after the test's clock
        ("Sun, 09 Sep 2001 01:46:00 GMT", 0.0),
        ("86400", 120.0),
        ("soon", 1.0),
        ("7.5", 7.5),
        ("Sunday, 09-Sep-01 01:47:10 GMT", 30.0),
        ("Sun Sep  9 01:47:10 2001", 30.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 120.0),
        ("inf", 1.0),
        ("", 1.0),
        ("-3", 1.0),
        ("nan", 1.0),
    ],
)
async def test_retry_after_is_obeyed(asking, endpoint, value, seconds):
    endpoint.script(error(429, "ServerOverloaded", headers={"Retry-After": value}), text("ok"))
    await asking.answer()
    assert asking.pauses == [seconds]


def test_the_back_off_is_spread_by_chance_and_capped():
    delays = [RetryPolicy(chance=lambda: 1.0).delay(attempt) for attempt in (1, 2, 3, 9)]
    assert delays == [2.0, 4.0, 8.0, 30.0]
    assert all(1.0 <= RetryPolicy().delay(1) <= 2.0 for _ in range(20))


async def test_tries_are_bounded_and_the_last_refusal_is_told(asking, endpoint):
    endpoint.script(lambda request: error(503, "", f"down {request.number}"))
    with pytest.raises(errors.ServiceUnavailable, match=r"openai/any keeps failing: .*HTTP 503 down 5"):
        await asking.answer()
    assert asking.pauses == [1.0, 2.0, 4.0, 8.0, 16.0] and len(endpoint.requests) == 6


async def test_the_key_never_shows(asking, endpoint):
    endpoint.script(
        error(401, "invalid_api_key", "Incorrect API key provided: sk-secret\n\x1b[31m" + "x" * 10_000)
    )
    model = asking.model()
    with pytest.raises(errors.AuthenticationFailed) as stopped:
        await asking.answer(model)
    message = str(stopped.value)
    assert "sk-secret" not in message and "***" in message and "\x1b" not in message
    assert len(message) < MESSAGE_LIMIT + 200
    assert "sk-secret" not in repr(model._who)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"no"',
        b"<html>",
        b"\xff",
        b'{"error": 5}',
        b'{"error": {"code": [], "message": {}}}',
        b"[" * 5000,
    ],
)
async def test_error_bodies_of_any_shape(asking, endpoint, body):
    endpoint.script(raw(body, status=401, content_type="application/json"))
    with pytest.raises(errors.AuthenticationFailed):
        await asking.answer()


SHAPES = [
    (400, {"error": "plain words"}, Verdict.INVALID, "plain words"),
    (400, {"code": "OutofContextError", "message": "m"}, Verdict.CONTEXT, "m"),
    (400, {"detail": "no such thing"}, Verdict.INVALID, "no such thing"),
    (
        400,
        {"error": {"code": 400, "type": "exceed_context_size_error", "message": "m"}},
        Verdict.CONTEXT,
        "m",
    ),
    (400, {"error": {"type": "QuotaExceeded", "message": "m"}}, Verdict.QUOTA, "m"),
    (400, {"error": {"code": 429, "message": "slow down"}}, Verdict.RETRY, "slow down"),
    (400, {"error": {"code": "401", "message": "m"}}, Verdict.AUTHENTICATION, "m"),
    (
        401,
        {"error": {"code": None, "type": "invalid_request_error", "message": "m"}},
        Verdict.AUTHENTICATION,
        "m",
    ),
    (400, {"error": "invalid_api_key", "message": "m"}, Verdict.AUTHENTICATION, "m"),
    (400, {"error": "x", "error_description": "the words"}, Verdict.INVALID, "the words"),
    (400, {"error": True, "msg": "said so"}, Verdict.INVALID, "said so"),
    (500, {"error": json.dumps({"error": {"code": "QuotaExceeded", "message": "m"}})}, Verdict.QUOTA, "m"),
    (
        500,
        {"error": {"message": 'upstream: {"error": {"code": "ModelNotOpen", "message": "m"}}'}},
        Verdict.MODEL,
        "m",
    ),
    (500, {"message": json.dumps({"code": "SetLimitExceeded", "message": "m"})}, Verdict.QUOTA, "m"),
    (
        403,
        {"ResponseMetadata": {"Error": {"Code": "AccountOverdueError", "Message": "m"}}},
        Verdict.QUOTA,
        "m",
    ),
    (400, [{"error": {"code": "ServerOverloaded", "message": "m"}}], Verdict.RETRY, "m"),
    (422, {"detail": [{"loc": ["body", "top_k"], "msg": "extra"}]}, Verdict.INVALID, "top_k: extra"),
    (502, {"error": {}}, Verdict.RETRY, ""),
]


@pytest.mark.parametrize(("status", "document", "verdict", "message"), SHAPES)
def test_shapes_of_error_bodies(status, document, verdict, message):
    refusal = parse_refusal(status, json.dumps(document).encode())
    assert (refusal.verdict, refusal.message) == (verdict, message)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", ""),
        (b"upstream connect error\nreset", "upstream connect error\nreset"),
        (
            b"<html><head><TITLE>\n502 Bad &lt;Gateway&gt; </title>...",
            "a web page titled '502 Bad <Gateway>'",
        ),
        (b"<?xml version='1.0'?><Error/>", "a web page"),
        (b"\x00\x01binary", "an answer that is not JSON"),
        (b"\xff\xfe", "an answer that is not JSON"),
    ],
)
async def test_bodies_that_are_no_json_are_quoted_as_far_as_they_say_something(
    asking, endpoint, body, message
):
    assert parse_refusal(502, body).message == message
    endpoint.script(raw(body, status=502, content_type="text/html"), text("ok"))
    parts = await asking.parts()
    assert parts[-1].text == "ok" and " ".join(message.split()) in parts[0].message


def test_inside_a_stream_the_family_decides_where_nothing_else_does():
    assert refusal_from(None, {"code": 401}).verdict is Verdict.AUTHENTICATION
    assert refusal_from(None, {"type": "insufficient_quota"}).verdict is Verdict.QUOTA
    assert refusal_from(None, {"type": "invalid_request_error"}).verdict is Verdict.INVALID
    assert refusal_from(None, {"type": "error", "code": "x"}).verdict is Verdict.RETRY


@pytest.mark.parametrize(
    "answer",
    [
        {"choices": [], "error": {}},
        {"choices": [], "error": None, "code": "x", "message": "y"},
        {"choices": [], "error": {"code": "", "message": None, "param": 0}},
        {"id": "a", "model": "b", "usage": {}},
        {"code": 0, "message": "success"},
        {},
    ],
)
def test_an_answer_is_no_refusal(answer):
    assert error_in(answer) is None


@pytest.mark.parametrize(
    "event",
    [
        {"error": {"code": "QuotaExceeded"}},
        {"choices": [], "error": {"code": "QuotaExceeded", "message": ""}},
        {"type": "error", "code": "QuotaExceeded", "message": "m"},
        {"code": "QuotaExceeded", "message": "m"},
        {"error": '{"code": "QuotaExceeded"}'},
        {"ResponseMetadata": {"Error": {"Code": "QuotaExceeded"}}},
    ],
)
async def test_a_refusal_in_place_of_an_answer(asking, endpoint, event):
    endpoint.script(raw(b"event: error\ndata: " + json.dumps(event).encode() + b"\n\n"))
    with pytest.raises(errors.QuotaExceeded):
        await asking.answer()


NAMES = st.sampled_from(
    ["error", "errors", "code", "message", "msg", "type", "param", "detail", "ResponseMetadata", "choices"]
)


def nested(inner):
    return st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner | inner.map(json.dumps), max_size=4)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), nested, max_leaves=8))
@settings(max_examples=examples(300), deadline=None)
def test_no_error_body_is_too_strange(document):
    refusal = parse_refusal(418, json.dumps(document).encode())
    assert isinstance(refusal.message, str) and isinstance(refusal.code, str) and refusal.verdict
    if isinstance(document, dict):
        error_in(document)


@pytest.mark.parametrize(
    ("status", "words", "param"),
    [
        (400, "messages[1].content: must be string", "messages"),
        (422, "This model does not support vision.", ""),
    ],
)
async def test_pictures_are_no_reason_where_none_were_sent(asking, endpoint, status, words, param):
    endpoint.script(error(status, "InvalidParameter", words, param=param))
    with pytest.raises(errors.InvalidRequest) as stopped:
        await asking.answer()
    assert "pictures" not in str(stopped.value) and words.rstrip(".") in str(stopped.value)
