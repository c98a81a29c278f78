"""Commands of a program that is killed: those in the background, and those of a helper."""

from __future__ import annotations

import pytest
from examples import first_fast
from scripted_endpoint import calls, text
from waiting import command_lines, new_mark, wait_until

from seedsmith.sandbox.choose.select import choose
from seedsmith.sandbox.errors import NoIsolation
from seedsmith.sandbox.isolation.base import Policy

TIERS = {"bwrap": "bwrap", "landlock": "Landlock"}


@pytest.mark.slow
@pytest.mark.parametrize("tier", first_fast(1, TIERS))
def test_killed_it_leaves_no_process_and_goes_on_without_its_commands(seedsmith, endpoint, tier, tmp_path):
    for name in ("private", "probed"):
        (tmp_path / name).mkdir()
    try:
        choose(tier, Policy(seedsmith.workspace, tmp_path / "private", tmp_path / "probed"))
    except NoIsolation as why:
        pytest.skip(f"needs {TIERS[tier]}: {why}")
    mark = new_mark()
    server = f": {mark}; trap '' TERM; setsid sleep {mark} & echo up; while :; do sleep 0.1; done"
    steps = [
        calls(("shell", {"command": server, "background": True})),
        calls(("shell_output", {"id": "b1", "wait": 60})),
        calls(("shell_output", {"id": "b1"})),
        text("done"),
    ]
    endpoint.script(lambda request: steps[sum(m["role"] == "assistant" for m in request.body["messages"])])
    seedsmith.run_killed_at(2, "Go", "--sandbox", tier)
    wait_until(lambda: not command_lines(mark), lambda: f"the end of {command_lines(mark)}")
    done = seedsmith.run("Go on", "--resume", seedsmith.session.name, "--sandbox", tier)
    assert done.code == 0, done.errors
    last = [m["content"] for m in endpoint.requests[-1].body["messages"] if m["role"] == "tool"][-1]
    assert "There is no background command 'b1'; none is running." in last


@pytest.mark.slow
def test_killed_it_leaves_no_process_and_no_copy_of_a_helper(seedsmith, endpoint):
    mark = new_mark()
    (seedsmith.workspace / "a.txt").write_text("one\n")
    busy = f"echo two > a.txt; trap '' TERM; setsid sleep {mark} & touch begun; while :; do sleep 0.1; done"

    def answer(request):
        messages = request.body["messages"]
        if any("Your task comes from another agent" in str(each["content"]) for each in messages):
            return calls(("shell", {"command": busy}))
        asked = any(each["role"] == "assistant" for each in messages)
        return text("Well.") if asked else calls(("task", {"task": "Change it", "kind": "change"}))

    def copies(name):
        return list(seedsmith.state.glob(f"sessions/*/copies/*/*/{name}"))

    endpoint.script(answer)
    process = seedsmith.start("Go", "--subagents")
    wait_until(lambda: copies("begun"), lambda: "the helper's command")
    assert command_lines(mark)
    process.kill()
    process.communicate()
    wait_until(lambda: not command_lines(mark), lambda: f"the end of {command_lines(mark)}")
    assert copies("a.txt")
    done = seedsmith.run("Go on", "--resume", "last", "--subagents")
    assert done.code == 0 and not copies("a.txt"), done.errors
    last = [m["content"] for m in endpoint.requests[-1].body["messages"] if m["role"] == "tool"][-1]
    assert last.startswith("interrupted") and (seedsmith.workspace / "a.txt").read_text() == "one\n"
