"""Runs whose history outgrows the model end with the work done, killed in between or not."""

from __future__ import annotations

import json

import pytest
from asked import messages
from examples import first_fast
from scripted_endpoint import calls, error, text

STEPS = 14
FILL = "(echo -n '{n} '; head -c 6000 /dev/zero | tr '\\0' x; echo) | tee -a log"


def step(number):
    return calls(
        ("shell", {"command": FILL.replace("{n}", str(number))}), usage={"prompt_tokens": 6000 * (number + 1)}
    )


def is_about_notes(request):
    return "tools" not in request.body


def long_work(refuse_at=None):
    """Step after step; the service refuses the request for step ``refuse_at`` once, as too long."""
    state = {"step": 0, "refused": False}

    def serve(request):
        if is_about_notes(request):
            return text(f"Notes: {state['step']} lines are in the log.")
        if state["step"] == refuse_at and not state["refused"]:
            state["refused"] = True
            return error(400, "OutofContextError", "Total tokens exceed the model's context")
        if state["step"] == STEPS:
            return text("All lines are in the log.")
        state["step"] += 1
        return step(state["step"] - 1)

    return serve


def right_log():
    return "".join(f"{n} {'x' * 6000}\n" for n in range(STEPS))


def check_pairs(request):
    asked = [call["id"] for message in messages(request) for call in message.get("tool_calls", ())]
    answered = [message["tool_call_id"] for message in messages(request) if message["role"] == "tool"]
    assert asked == answered


@pytest.mark.slow
def test_a_refusal_as_too_long_does_not_end_a_run(seedsmith, endpoint):
    endpoint.script(long_work(refuse_at=9))
    done = seedsmith.run("Write the log", "--verify", f"test $(wc -l < log) = {STEPS}")
    assert done.code == 0, done.errors
    assert seedsmith.tree() == {"log": right_log()}
    events = done.of("compacted")
    assert events and all(event["after"] < event["before"] for event in events)
    assert "refused" in events[0]["why"] and done.last["status"] == "done"
    asked = [request for request in endpoint.requests if not is_about_notes(request)]
    for request in asked:
        check_pairs(request)
        assert messages(request)[:2] == messages(asked[0])[:2]
    breaks = sum(
        not after.raw.startswith(before.raw[:-2]) for before, after in zip(asked, asked[1:], strict=False)
    )
    assert breaks == len(events)


@pytest.mark.slow
def test_growing_usage_is_answered_before_the_service_refuses(seedsmith, endpoint):
    def serve(request):
        answer = work(request)
        usage = {"prompt_tokens": 12_000 * sum(m["role"] == "assistant" for m in messages(request)) + 10_000}
        return calls(*answer.calls, usage=usage) if getattr(answer, "calls", ()) else answer

    work = long_work()
    endpoint.script(serve)
    done = seedsmith.run("Write the log")
    assert done.code == 0 and seedsmith.tree() == {"log": right_log()}
    (event, *_) = done.of("compacted")
    assert event["before"] > 119_000 and "nearly full" in event["why"]


@pytest.mark.slow
def test_off_means_that_nothing_is_shortened(seedsmith, endpoint):
    endpoint.script(long_work(refuse_at=9))
    done = seedsmith.run("Write the log", "--compact", "off")
    assert (done.code, done.last["status"]) == (4, "provider_error") and done.of("compacted") == []
    assert "longer than" in done.last["message"]


@pytest.mark.slow
@pytest.mark.parametrize("at", first_fast(1, [11, 10, 12]))
def test_killed_around_a_shortening_it_goes_on_from_the_same_history(seedsmith, endpoint, at):
    state = long_work(refuse_at=9)
    endpoint.script(lambda request: text("late") if request.number == at else state(request))
    seedsmith.run_killed_at(at, "Write the log")
    done = seedsmith.run("Go on", "--resume", seedsmith.session.name)
    assert done.code == 0, done.errors
    assert seedsmith.tree() == {"log": right_log()}
    asked = [request for request in endpoint.requests if not is_about_notes(request)]
    for request in asked:
        check_pairs(request)
    if not is_about_notes(endpoint.requests[at]):  # the shortened history was sent before the kill
        records = [
            json.loads(line) for line in (seedsmith.session / "records.jsonl").read_text().splitlines()
        ]
        assert any(record["kind"] == "compaction" for record in records)
        resumed = next(request for request in asked if request.number > at)
        killed = endpoint.requests[at].raw
        assert resumed.raw.startswith(killed[:-2])
