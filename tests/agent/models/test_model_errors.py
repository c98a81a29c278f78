"""Every code of doubao-api.md §9, decided over real HTTP."""

from __future__ import annotations

import json

import pytest
from scripted_endpoint import error, raw, text

from agent.conversation import UserMessage
from agent.models import errors
from agent.models.base import Retrying
from agent.models.errors import MESSAGE_LIMIT, Verdict, parse_refusal, refusal_from
from agent.models.retry import RetryPolicy
from tools.base import Image

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
]
RETRIED = [
    (429, "RateLimitExceeded.EndpointRPMExceeded"),
    (429, "ModelAccountRpmRateLimitExceeded"),
    (429, "ModelAccountTpmRateLimitExceeded"),
    (429, "AccountRateLimitExceeded"),
    (429, "ServerOverloaded"),
    (429, "SomethingNew"),
    (408, ""),
    (500, "InternalServiceError"),
    (502, ""),
    (503, ""),
    (504, ""),
]


@pytest.mark.parametrize(("status", "code", "kind", "words"), STOPS)
async def test_codes_that_stop_the_run(asking, endpoint, status, code, kind, words):
    endpoint.script(error(status, code, "the service's own words"))
    with pytest.raises(kind) as stopped:
        await asking.answer(asking.model("wcode/doubao-seed-2.0-code"))
    message = str(stopped.value)
    assert type(stopped.value) is kind and (stopped.value.code, stopped.value.status) == (code, status)
    assert words in message and "the service's own words" in message and "wcode" in message
    assert len(endpoint.requests) == 1 and message.endswith(".") and "\n" not in message


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


def test_shapes_of_error_bodies():
    assert parse_refusal(400, b'{"error": "plain words"}').message == "plain words"
    assert parse_refusal(400, b'{"code": "OutofContextError", "message": "m"}').verdict is Verdict.CONTEXT
    assert parse_refusal(400, b'{"detail": "no such thing"}').message == "no such thing"
    llama = {"error": {"code": 400, "type": "exceed_context_size_error", "message": "m"}}
    assert parse_refusal(400, json.dumps(llama).encode()).verdict is Verdict.CONTEXT
    assert refusal_from(None, {"code": 401}).verdict is Verdict.AUTHENTICATION
    assert refusal_from(None, {"type": "insufficient_quota"}).verdict is Verdict.QUOTA
