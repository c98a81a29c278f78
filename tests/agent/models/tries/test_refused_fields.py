"""What a service refused once is not tried again for a week."""

from __future__ import annotations

import json
import os
import resource
import stat

import pytest
from scripted_endpoint import error, raw, text

from seedsmith.agent.models.base import Notice
from seedsmith.agent.models.errors import InvalidRequest
from seedsmith.agent.models.tries.refused_fields import FILE_NAME, FORGOTTEN_AFTER_SECONDS, RefusedFieldsFile


def memory(folder, clock=lambda: 1000.0, **asked):
    return RefusedFieldsFile(folder, asked, clock)


def test_it_is_remembered_by_provider_wire_and_value(tmp_path):
    memory(tmp_path, top_k=4).remember("wcode", "chat", "top_k")
    memory(tmp_path).remember("wcode", "responses", "stream_options")
    assert memory(tmp_path, top_k=4).refused("wcode", "chat") == {"top_k"}
    assert memory(tmp_path).refused("wcode", "responses") == {"stream_options"}
    assert memory(tmp_path, top_k=5).refused("wcode", "chat") == frozenset(), "another value may be taken"
    assert memory(tmp_path).refused("wcode", "chat") == frozenset(), "what is not asked for is no news"
    assert memory(tmp_path, top_k=4).refused("ark", "chat") == frozenset()


def test_it_is_forgotten_after_a_week(tmp_path):
    memory(tmp_path).remember("p", "chat", "thinking")
    for seconds, known in (
        (FORGOTTEN_AFTER_SECONDS - 1, True),
        (FORGOTTEN_AFTER_SECONDS, False),
        (-1, False),
    ):
        later = memory(tmp_path, lambda now=1000.0 + seconds: now)
        assert ("thinking" in later.refused("p", "chat")) is known
    memory(tmp_path, lambda: 1000.0 + FORGOTTEN_AFTER_SECONDS).remember("q", "chat", "stop")
    assert "thinking" not in (tmp_path / FILE_NAME).read_text(), "what is forgotten leaves the file"


def test_the_file_is_private_and_holds_no_one_s_words(tmp_path):
    memory(tmp_path / "state", stop=["my secret words"]).remember("p", "chat", "stop")
    path = tmp_path / "state" / FILE_NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and "secret" not in path.read_text()
    assert os.listdir(path.parent) == [FILE_NAME]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"5",
        b'{"p": 5}',
        b'{"p": {"chat": [1]}}',
        b'{"p": {"chat": {"stop": null}}}',
        b'{"p": {"chat": {"stop": {"time": "x", "value": ""}}}}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_file_counts_as_empty(tmp_path, content):
    (tmp_path / FILE_NAME).write_bytes(content)
    assert memory(tmp_path).refused("p", "chat") == frozenset()
    memory(tmp_path).remember("p", "chat", "stop")
    assert memory(tmp_path).refused("p", "chat") == {"stop"}


def test_a_folder_in_the_place_of_the_file_harms_nothing(tmp_path):
    (tmp_path / FILE_NAME).mkdir()
    memory(tmp_path).remember("p", "chat", "stop")
    assert memory(tmp_path).refused("p", "chat") == frozenset()
    assert os.listdir(tmp_path) == [FILE_NAME]


def test_a_full_disk_harms_nothing(tmp_path):
    memory(tmp_path).remember("p", "chat", "stop")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    import signal

    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        memory(tmp_path).remember("p", "chat", "thinking")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert memory(tmp_path).refused("p", "chat") == {"stop"} and os.listdir(tmp_path) == [FILE_NAME]


REFUSED = error(400, "InvalidParameter", "unknown field top_k", param="top_k")


def notices(parts):
    return [part.message for part in parts if isinstance(part, Notice) and part.code == "field_dropped"]


async def test_the_next_run_does_not_ask_with_it(asking, endpoint, tmp_path):
    endpoint.script(REFUSED, text("one"), text("two"), text("three"))
    request = asking.request(sampling={"top_k": 4})
    first = asking.model(refused_fields=memory(tmp_path, top_k=4))
    assert any("refuses top_k" in said for said in notices(await asking.parts(first, request)))
    second = asking.model(refused_fields=memory(tmp_path, top_k=4))
    assert notices(await asking.parts(second, request)) == [
        "openai refused top_k within the last week: it is not sent."
    ]
    assert notices(await asking.parts(second, request)) == [], "it is said once"
    assert [request.body.get("top_k") for request in endpoint.requests] == [4, None, None, None]


async def test_it_belongs_to_the_address_that_refused_it(asking, endpoint, tmp_path):
    endpoint.script(REFUSED, text("one"), text("two"))
    request = asking.request(sampling={"top_k": 4})
    await asking.parts(asking.model(refused_fields=memory(tmp_path, top_k=4)), request)
    (service,) = json.loads((tmp_path / FILE_NAME).read_text())
    assert service == f"openai at {endpoint.base_url}"
    elsewhere = asking.model(
        refused_fields=memory(tmp_path, top_k=4), base_url=endpoint.base_url.replace("127.0.0.1", "localhost")
    )
    assert notices(await asking.parts(elsewhere, request)) == []


async def test_a_refusal_that_dropping_did_not_help_is_not_remembered(asking, endpoint, tmp_path):
    endpoint.script(REFUSED, error(400, "InvalidParameter", "the messages are wrong"))
    request = asking.request(sampling={"top_k": 4})
    with pytest.raises(Exception, match="the messages are wrong"):
        await asking.parts(asking.model(refused_fields=memory(tmp_path, top_k=4)), request)
    assert not (tmp_path / FILE_NAME).exists()


async def test_thinking_that_was_refused_back_is_left_out_from_the_start(asking, endpoint, tmp_path):
    from seedsmith.agent.conversation import AssistantMessage, SystemMessage, UserMessage

    known = memory(tmp_path)
    known.remember(f"openai at {endpoint.base_url}", "chat", "reasoning_content")
    endpoint.script(text("done"))
    items = (SystemMessage("s"), UserMessage("a"), AssistantMessage("b", "thought"), UserMessage("c"))
    await asking.parts(asking.model(refused_fields=known), asking.request(*items))
    assert "thought" not in endpoint.requests[0].raw.decode()


def fastapi(*errors):
    return raw(json.dumps({"detail": list(errors)}).encode(), status=422, content_type="application/json")


EXTRA = {"type": "extra_forbidden", "msg": "Extra inputs are not permitted", "input": 3}


@pytest.mark.parametrize(
    ("errors", "field"),
    [
        ([EXTRA | {"loc": ["body", "top_k"]}], "top_k"),
        ([EXTRA | {"loc": ["body", "top_k"]}, EXTRA | {"loc": ["body", "seed"]}], "top_k"),
        ([EXTRA | {"loc": ["body", "stream_options", "include_usage"]}], "stream_options"),
        (
            [{"loc": ["body", "top_k"], "msg": "extra fields not permitted", "type": "value_error.extra"}],
            "top_k",
        ),
    ],
)
async def test_a_refusal_of_a_validated_body_is_understood_and_remembered(
    asking, endpoint, tmp_path, errors, field
):
    endpoint.script(fastapi(*errors), text("ok"))
    model = asking.model(refused_fields=memory(tmp_path, top_k=3))
    parts = await asking.parts(model, asking.request(sampling={"top_k": 3}))
    assert [part.code for part in parts if isinstance(part, Notice)] == ["field_dropped"]
    assert [field in request.body for request in endpoint.requests] == [True, False]
    assert field in (tmp_path / FILE_NAME).read_text()


@pytest.mark.parametrize(
    "loc", [["body", "messages", 0, "content"], ["body"], [], [{}], [None], "body", {"a": 1}]
)
async def test_a_refusal_of_what_must_be_sent_says_where(asking, endpoint, loc):
    endpoint.script(fastapi(EXTRA | {"loc": loc}))
    with pytest.raises(InvalidRequest, match="Extra inputs are not permitted"):
        await asking.answer()
    assert len(endpoint.requests) == 1
