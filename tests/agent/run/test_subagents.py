"""Helpers in whole runs: asked side by side, only reading, paid from the caller's budget, gone with it."""

from __future__ import annotations

import asyncio
import json

import pytest
from asked import task_of, tool_texts
from scripted_endpoint import calls, text
from small_house import Collected

from seedsmith.agent.events import NoticeGiven, ToolFinished
from seedsmith.agent.sessions.recorded_sessions import Sessions


def body(request):
    return json.loads(request.raw)


def names(request):
    return [each["function"]["name"] for each in body(request)["tools"]]


async def test_helpers_report_side_by_side_and_are_paid_by_their_caller(work, endpoint, place):
    waiting = set()

    def answer(request):
        task = task_of(request)
        if not task:
            done = bool(tool_texts(request))
            return text("Together.") if done else calls(("task", {"task": "A"}), ("task", {"task": "B"}))
        if tool_texts(request):
            return text(f"Found for {task}.")
        waiting.add(task)
        if waiting == {"A", "B"}:  # neither is answered before both have asked
            endpoint.release()
        return calls(("read", {"path": "a.txt"}), stall_after=1)

    endpoint.script(answer)
    seen = Collected()
    outcome = await work(seen)
    own = [request for request in endpoint.requests if not task_of(request)]
    helpers = [request for request in endpoint.requests if task_of(request)]
    assert outcome.status == "done" and tool_texts(own[-1]) == ["Found for A.", "Found for B."]
    assert "task" in names(own[0]) and set(names(helpers[0])) == {"read", "glob", "grep", "git", "view_image"}
    finished = [event for event in seen.events if isinstance(event, ToolFinished)]
    assert [event.data["status"] for event in finished] == ["done", "done"]
    spent = sum(event.data["cost_cny"] for event in finished)
    assert 0 < spent < outcome.cost_cny
    tokens = sum(event.data["tokens"] for event in finished)
    assert outcome.usage.total_tokens > tokens > 0 and outcome.turns == 2
    sessions = Sessions(place / "state").list()
    assert {each.parent for each in sessions} == {"", outcome.session} and len(sessions) == 3
    assert sorted(each.asked for each in sessions) == ["Find out", "helper: A", "helper: B"]
    assert Sessions(place / "state").open("last", place / "work").id == outcome.session


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("edit", {"path": "a.txt", "old": "one", "new": "two"}), "There is no tool 'edit'"),
        (("shell", {"command": "rm a.txt"}), "There is no tool 'shell'"),
        (("git", {"action": "add", "paths": ["a.txt"]}), "Refused: you only read"),
        (("task", {"task": "more"}), "There is no tool 'task'"),
    ],
)
async def test_a_helper_changes_nothing_and_has_no_helpers(work, endpoint, place, asked, said):
    endpoint.script(calls(("task", {"task": "A"})), calls(asked), text("Could not."), text("Well."))
    await work()
    assert said in tool_texts(endpoint.requests[2])[0]
    assert (place / "work/a.txt").read_text() == "one\n"


async def test_the_users_kinds_are_offered_without_being_asked_for(work, endpoint, place):
    kinds = place / "home/.agents/agents"
    kinds.mkdir(parents=True)
    (kinds / "sceptic.md").write_text("---\nname: sceptic\ndescription: doubts\n---\nDoubt everything.\n")
    (kinds / "broken.md").write_text("no front matter\n")
    endpoint.script(
        calls(("task", {"task": "A", "kind": "nobody"}), ("task", {"task": "A", "kind": "sceptic"})),
        text("I doubt it."),
        text("Well."),
    )
    seen = Collected()
    await work(seen, subagents=None)
    told = next(each for each in body(endpoint.requests[0])["tools"] if each["function"]["name"] == "task")
    assert (
        "explore: " in told["function"]["description"]
        and "sceptic: doubts" in told["function"]["description"]
    )
    unknown, doubt = tool_texts(endpoint.requests[2])
    assert "the kinds are explore, change, sceptic" in unknown and doubt == "I doubt it."
    asked = [each["content"] for each in body(endpoint.requests[1])["messages"] if each["role"] == "user"]
    assert any("Doubt everything." in each for each in asked)
    notices = [event.message for event in seen.events if isinstance(event, NoticeGiven)]
    assert any("broken.md is left out" in each for each in notices)


@pytest.mark.parametrize("wanted", [None, False])
async def test_who_wants_none_is_offered_none(work, endpoint, place, wanted):
    if wanted is False:
        (place / "home/.agents/agents").mkdir(parents=True)
    endpoint.script(text("Hello."))
    await work(subagents=wanted)
    assert "task" not in names(endpoint.requests[0])


async def test_a_helper_ends_with_its_share_and_says_so(work, endpoint):
    endpoint.script(calls(("task", {"task": "A"})), calls(("read", {"path": "a.txt"})), text("Well."))
    outcome = await work(max_tokens=20_000)
    assert "was not done (budget)" in tool_texts(endpoint.requests[-1])[0] and outcome.status == "done"


async def test_a_helper_ends_with_its_caller(work, endpoint, place):
    waits = asyncio.Event()
    loop = asyncio.get_running_loop()

    def answer(request):
        if not task_of(request):
            return calls(("task", {"task": "A"}))
        loop.call_soon_threadsafe(waits.set)
        return text("Never whole.", stall_after=1)

    endpoint.script(answer)
    working = asyncio.ensure_future(work())
    await asyncio.wait_for(waits.wait(), 60)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert [each.outcome for each in Sessions(place / "state").list()] == ["interrupted", "interrupted"]


async def test_a_recorded_run_has_no_helpers_and_says_so(work, endpoint, place):
    endpoint.script(text("Hello."))
    seen = Collected()
    await work(seen, record=place / "recording.jsonl")
    assert "task" not in names(endpoint.requests[0])
    assert any("no helpers" in event.message for event in seen.events if isinstance(event, NoticeGiven))
