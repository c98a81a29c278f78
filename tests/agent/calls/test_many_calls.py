"""An answer with more calls than may run at once."""

from __future__ import annotations

import asyncio

import pytest
from scripted_endpoint import calls, text

from seedsmith import Agent
from seedsmith.agent.calls.runner import MOST_AT_ONCE


@pytest.mark.parametrize("name", ["shell", "grep"])
async def test_all_of_an_answers_calls_get_their_results_and_few_run_at_once(
    endpoint, tmp_path, monkeypatch, name
):
    work = tmp_path / "work"
    work.mkdir()
    (work / "a.txt").write_text("ran\n")
    asked = {
        "shell": lambda number: {"command": f"echo ran {number}", "timeout": 60},
        "grep": lambda number: {"pattern": "ran"},
    }
    most = 3 * MOST_AT_ONCE
    endpoint.script(calls(*((name, asked[name](number)) for number in range(most))), text("Done."))
    running = highest = 0
    from seedsmith.agent.calls.runner import CallRunner

    perform = CallRunner._perform

    async def counted(self, *arguments):
        nonlocal running, highest
        running += 1
        highest = max(highest, running)
        try:
            await asyncio.sleep(0)
            return await perform(self, *arguments)
        finally:
            running -= 1

    monkeypatch.setattr(CallRunner, "_perform", counted)
    outcome = await Agent(
        workspace=work,
        model="openai/scripted",
        base_url=endpoint.base_url,
        api_key="a-key-for-tests",
        home=tmp_path / "state",
        sandbox="off",
    ).arun("Go")
    assert (outcome.status, outcome.tool_calls) == ("done", most)
    results = [message["content"] for message in endpoint.requests[1].body["messages"][-most:]]
    assert all("ran" in result for result in results)
    assert highest == MOST_AT_ONCE
