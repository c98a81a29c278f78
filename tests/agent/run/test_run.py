"""A whole run inside this process: the library interface, and the ends the command line can't reach."""

from __future__ import annotations

import asyncio
import json
import os
import shutil

import pytest
from scripted_endpoint import calls, error, text
from small_house import Collected

from seedsmith import Agent
from seedsmith.agent.errors import SessionError, UsageError
from seedsmith.agent.events import NoticeGiven, SessionFinished, SessionStarted, VerifyFinished
from seedsmith.agent.run import verification
from seedsmith.agent.run.one_tool import run_tool
from seedsmith.agent.run.run import run
from seedsmith.agent.settings.run_request import RunRequest
from seedsmith.agent.settings.settings import Settings
from seedsmith.sandbox.errors import WorkspaceError

EDIT = ("edit", {"path": "a.txt", "old": "one", "new": "two"})


class Checkers:
    """The program ``checker``, one in the workspace's environment and one outside of it."""

    def __init__(self, workspace, outside) -> None:
        self.outside = outside / "checker"
        self._workspace = workspace
        (workspace.parent / "link").symlink_to(workspace)
        for program in (workspace / ".venv/bin/checker", self.outside, workspace / ".venv/bin/test"):
            program.parent.mkdir(parents=True, exist_ok=True)
            program.write_text("#!/bin/sh\n")
            program.chmod(0o755)

    def environment(self, entry):
        """A person's, with ``entry``, of the workspace, first on the search path."""
        path = f"{entry.format(self._workspace)}:{self.outside.parent}:/usr/bin:/bin"
        return {"PATH": path, "HOME": str(self._workspace.parent)}

    def theirs(self, entry):
        """The program that the person's shell finds by ``entry``."""
        return os.path.normpath(self._workspace / entry.format(self._workspace) / "checker")


@pytest.fixture
def two_checkers(workspace, tmp_path):
    return Checkers(workspace, tmp_path / "programs")


def test_an_agent_runs_a_prompt(endpoint, options, workspace):
    endpoint.script(calls(EDIT), text("Changed."))
    seen = Collected()
    outcome = Agent(**options, verify="grep -q two a.txt", front_ends=(seen,)).run("Change it")
    assert (outcome.status, outcome.exit_code, outcome.turns, outcome.tool_calls) == ("done", 0, 2, 1)
    assert outcome.files_changed == ("a.txt",) and "-one\n+two\n" in outcome.diff
    assert outcome.verified is not None and outcome.verified.proven
    assert outcome.cost_cny is None and outcome.usage.total_tokens > 0
    assert isinstance(seen.events[0], SessionStarted) and isinstance(seen.events[-1], SessionFinished)
    assert (workspace / "a.txt").read_text() == "two\n"


async def test_an_agent_runs_inside_a_loop_several_times(endpoint, options):
    endpoint.script(text("first"), text("second"))
    agent = Agent(**options)
    first, second = await agent.arun("One"), await agent.arun("Two")
    assert (first.message, second.message) == ("first", "second") and first.session < second.session


async def test_unproven_changes_are_said(endpoint, options):
    endpoint.script(calls(EDIT), text("Changed."))
    outcome = await Agent(**options).arun("Change it")
    assert outcome.message.startswith("Changed.") and "Nothing was verified" in outcome.message


async def test_at_a_budgets_end_the_check_says_what_is_true_then(endpoint, options):
    endpoint.script(calls(EDIT))
    outcome = await Agent(**options, verify="grep -q two a.txt", max_turns=1).arun("Change it")
    assert outcome.status == "budget" and outcome.verified is not None and outcome.verified.proven
    assert (outcome.verified.before_exit_code, outcome.turns) == (1, 1)
    assert "exit code 1 before, exit code 0 now, run after the last edit" in outcome.message


async def test_a_check_that_hangs_at_a_budgets_end_is_waited_for_no_longer_than_it_took(
    endpoint, options, monkeypatch
):
    monkeypatch.setattr(verification, "_LAST_SECONDS", 1000.0)
    monkeypatch.setattr(verification, "_LAST_LEAST_SECONDS", 1.0)
    endpoint.script(calls(EDIT), calls(("shell", {"command": "sleep 1000"})))
    hangs = "if grep -q two a.txt; then sleep 1000; fi; exit 1"
    outcome = await Agent(**options, verify=hangs, max_time=2).arun("Change it")
    assert outcome.status == "budget" and "did not finish now" in outcome.message


@pytest.mark.slow
async def test_before_belongs_to_the_command_it_was_run_with(endpoint, options):
    endpoint.script(text("Nothing to do."), text("Nothing to do."), text("Changed."))
    first = await Agent(**options, verify="sh -c 'exit 3'").arun("Change it")
    again = await Agent(**options, verify="true", resume=first.session).arun("Go on")
    assert again.verified is not None
    assert (again.verified.command, again.verified.before_exit_code) == ("true", 0)


@pytest.fixture
def tool_outside(tmp_path, monkeypatch):
    """A tool in the user's home, of which the sandbox shows nothing by itself."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    tool = tmp_path / "home/venvs/x/bin/check"
    (tool.parents[1] / "lib").mkdir(parents=True)
    tool.parent.mkdir()
    tool.write_text('#!/bin/sh\ngrep -q "$(cat "$(dirname "$0")/../lib/word")" a.txt\n')
    (tool.parents[1] / "lib/word").write_text("one")
    (tmp_path / "home/secret").write_text("secret")
    tool.chmod(0o755)
    return tool


@pytest.mark.parametrize(
    "command",
    ["{tool}", "../home/venvs/x/bin/check", "~/venvs/x/bin/check", "env A=b $HOME/venvs/x/bin/check"],
)
async def test_a_tool_the_user_names_by_path_works_inside(endpoint, options, tool_outside, command):
    endpoint.script(text("Nothing to do."))
    seen = Collected()
    agent = Agent(**options, verify=command.format(tool=tool_outside), front_ends=(seen,))
    outcome = await agent.arun("Look")
    assert outcome.status == "done" and outcome.verified is not None and outcome.verified.proven
    told = [notice.message for notice in seen.of(NoticeGiven) if notice.code == "shown"]
    assert len(told) == 1 and str(tool_outside.parents[1]) in told[0]


async def test_a_program_named_by_a_path_that_is_nowhere_costs_nothing(endpoint, options, tmp_path):
    command = f"{tmp_path}/none/bin/python -m pytest"
    outcome = await run(RunRequest(settings=Settings(**options, verify=command), prompt="Look"))
    assert (outcome.status, outcome.exit_code) == ("cannot_verify", 2)
    assert f"{tmp_path}/none/bin/python does not exist" in outcome.message
    assert endpoint.requests == []


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
@pytest.mark.parametrize("recipe", ["pytset -q", "pytset -q && true"])
async def test_a_program_missing_from_a_recipe_of_make_costs_nothing(endpoint, options, recipe):
    (options["workspace"] / "Makefile").write_text(f"test:\n\t{recipe}\n")
    outcome = await run(RunRequest(settings=Settings(**options, verify="make test"), prompt="Look"))
    assert (outcome.status, outcome.exit_code) == ("cannot_verify", 2)
    assert "make test: pytset is not installed" in outcome.message
    assert endpoint.requests == []


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
@pytest.mark.parametrize("recipe", ["false", "./missing.sh", "echo missing: not found; exit 1"])
async def test_a_recipe_of_make_that_fails_otherwise_is_the_models_to_mend(endpoint, options, recipe):
    (options["workspace"] / "Makefile").write_text(f"test:\n\t{recipe}\n")
    endpoint.script(text("I give up."), text("I give up."))
    outcome = await run(RunRequest(settings=Settings(**options, verify="make test"), prompt="Look"))
    assert outcome.status != "cannot_verify" and endpoint.requests


async def test_what_only_the_repository_names_stays_hidden_and_costs_nothing(endpoint, options, tool_outside):
    settings = Settings(**options, verify="~/venvs/x/bin/check")
    outcome = await run(RunRequest(settings=settings, prompt="Look"))
    assert (outcome.status, outcome.exit_code) == ("cannot_verify", 2)
    assert f"exists outside, hidden by the sandbox: {tool_outside}" in outcome.message
    assert endpoint.requests == []


@pytest.mark.parametrize("entry", ["{}/.venv/bin", ".venv/bin", "{}/../link/.venv/bin"])
@pytest.mark.parametrize(
    ("command", "told"),
    [
        *(("checker", 1), ("cd . && A=1 checker", 1), ("true", 0)),
        *(("PATH=$PWD/.venv/bin:$PATH checker", 0), (". /dev/null; checker", 0)),
        *(("if true; then . /dev/null; fi; checker", 0), ("checker() { true; }; checker", 0)),
        *(("test ! -e . || true; test ! -e a -a ! checker || true", 0), ("! ! checker", 1)),
        *(("test -e . && checker", 1), ("env A=1 checker .", 1), ("if checker; then true; fi", 1)),
    ],
)
async def test_a_check_that_takes_another_program_than_the_persons_shell_is_told(
    endpoint, options, two_checkers, command, told, entry, monkeypatch
):
    monkeypatch.chdir(options["workspace"])
    endpoint.script(text("Nothing to do."))
    seen = Collected()
    settings = Settings(**options, verify=command)
    request = RunRequest(settings=settings, prompt="Look", environment=two_checkers.environment(entry))
    assert (await run(request, (seen,))).status == "done"
    notices = [notice.message for notice in seen.of(NoticeGiven) if notice.code == "another_program"]
    assert len(notices) == told
    for notice in notices:
        assert notice.startswith(f"Your checker is {two_checkers.theirs(entry)}, the test command gets ")
        assert f" gets {two_checkers.outside}: no folder of the workspace" in notice


async def test_a_check_whose_program_only_the_workspace_has_costs_nothing(endpoint, options, two_checkers):
    two_checkers.outside.unlink()
    settings, entry = Settings(**options, verify="checker"), "{}/.venv/bin"
    request = RunRequest(settings=settings, prompt="Look", environment=two_checkers.environment(entry))
    outcome = await run(request)
    assert outcome.status == "cannot_verify" and endpoint.requests == []
    assert f"checker (yours is {two_checkers.theirs(entry)}; no folder of the workspace" in outcome.message


@pytest.mark.parametrize(
    ("written", "says", "told"), [("b.txt", "", True), ("a.txt", "", False), ("b.txt", "seq 9999;", False)]
)
async def test_a_check_that_fails_as_it_did_before_anything_was_changed_is_told_to_do_so(
    endpoint, options, workspace, written, says, told
):
    (workspace / "a.txt").write_text("it gives 3\n")
    write = ("write", {"path": written, "content": "it gives 7\n"})
    endpoint.script(calls(("read", {"path": "a.txt"}), write), text("Done."), text("I can't."))
    command = f"{says} cat a.txt; date +'1 failed in 0.%N s at %H:%M:%S'; false"
    outcome = await Agent(**options, verify=command).arun("Mend it")
    asked = json.loads(endpoint.requests[2].raw)["messages"][-1]["content"]
    assert outcome.status != "done" and "You said that you are done" in asked
    assert ("exit code 1, just as before anything was changed. Its output:" in asked) is told


async def test_nothing_is_said_of_before_where_a_session_goes_on_that_changed_something(
    endpoint, options, workspace
):
    endpoint.script(calls(EDIT), text("Done."))
    first = await Agent(**options).arun("Change it")
    endpoint.script(calls(("write", {"path": "b.txt", "content": "b"})), text("Done."), text("I can't."))
    await Agent(**options, resume=first.session, verify="echo no; false").arun("Go on")
    asked = json.loads(endpoint.requests[-1].raw)["messages"][-1]["content"]
    assert "You said that you are done" in asked and "just as before" not in asked


async def test_a_mistyped_check_names_the_nearest_command(endpoint, options):
    outcome = await Agent(**options, verify="gti status").arun("Look")
    assert outcome.exit_code == 2 and "did you mean 'git'?" in outcome.message
    assert endpoint.requests == []


async def test_a_check_that_is_still_to_be_written_is_asked_for(endpoint, options):
    endpoint.script(calls(("write", {"path": "check.sh", "content": "exit 0\n"})), text("Written."))
    outcome = await Agent(**options, verify="sh ./check.sh").arun("Write check.sh")
    assert outcome.status == "done"


async def test_a_check_is_not_repeated_where_nothing_changed(endpoint, options):
    endpoint.script(calls(EDIT), text("Done."), text("It can't be done."))
    seen = Collected()
    outcome = await Agent(**options, verify="false", front_ends=(seen,)).arun("Change it")
    assert (outcome.status, outcome.exit_code) == ("unverified", 1) and len(seen.of(VerifyFinished)) == 2


async def test_no_sandbox_is_an_outcome(options):
    settings = Settings(**options).model_copy(update={"sandbox": "cardboard"})
    seen = Collected()
    outcome = await run(RunRequest(settings=settings, prompt="Go"), (seen,))
    assert (outcome.status, outcome.exit_code) == ("no_sandbox", 5) and "cardboard" in outcome.message
    assert [type(event) for event in seen.events] == [SessionStarted, SessionFinished]


async def test_a_failing_provider_is_an_outcome_and_what_was_done_stays(endpoint, options):
    endpoint.script(calls(EDIT), error(400, "OutofContextError", "too long"))
    outcome = await Agent(**options).arun("Change it")
    assert (outcome.status, outcome.exit_code) == ("provider_error", 4)
    assert "longer than" in outcome.message and outcome.files_changed == ("a.txt",)


async def test_a_filtered_answer_is_the_providers_failure(endpoint, options):
    endpoint.script(text("no", finish_reason="content_filter"))
    assert (await Agent(**options).arun("Go")).exit_code == 4


async def test_cancelling_records_the_end_and_stays_a_cancellation(endpoint, options):
    endpoint.script(text("never", stall_after=1))
    seen = Collected()
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    endpoint.on_request = lambda _: loop.call_soon_threadsafe(asked.set)
    task = asyncio.create_task(run(RunRequest(settings=Settings(**options), prompt="Go"), (seen,)))
    await asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen.events[-1].status == "interrupted"


async def test_an_interrupted_question_to_a_priced_model_costs_what_is_estimated(endpoint, options):
    endpoint.script(text("never", stall_after=1))
    seen = Collected()
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    endpoint.on_request = lambda _: loop.call_soon_threadsafe(asked.set)
    settings = Settings(**options | {"model": "wcode/doubao-seed-2.0-code"})
    task = asyncio.create_task(run(RunRequest(settings=settings, prompt="Go"), (seen,)))
    await asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    end = seen.events[-1]
    assert end.status == "interrupted" and 0 < end.cost_cny < 0.1 and end.cost_estimated


async def test_a_finished_session_goes_on_with_another_prompt_and_the_same_model(endpoint, options):
    endpoint.script(calls(EDIT), text("Changed."), text("Again."))
    first = await Agent(**options).arun("Change it")
    again = await Agent(**options | {"model": None}, resume=first.session).arun("And now?")
    assert again.session == first.session and again.message.startswith("Again.")
    last = endpoint.requests[2].body
    assert [message["role"] for message in last["messages"]][-3:] == ["tool", "assistant", "user"]
    assert last["model"] == "scripted"


async def test_a_session_stopped_before_its_end_needs_no_prompt(endpoint, options):
    endpoint.script(calls(("shell", {"command": "echo 1"})), text("Done."))
    first = await Agent(**options, max_turns=1).arun("Go")
    assert first.status == "budget"
    again = await Agent(**options, resume=first.session).arun("")
    assert (again.status, again.message) == ("done", "Done.")


async def test_a_resumed_session_still_knows_how_the_workspace_began(endpoint, options):
    endpoint.script(calls(EDIT, ("write", {"path": "b", "content": "b\n"})), text("Changed."), text("Again."))
    first = await Agent(**options).arun("Change it")
    again = await Agent(**options, resume=first.session).arun("And now?")
    assert again.diff == first.diff and again.files_changed == ("a.txt", "b")


@pytest.mark.parametrize(
    ("wrong", "error_type"),
    [
        ({"workspace": "/nowhere/at/all"}, WorkspaceError),
        ({"model": "nobody/nothing"}, UsageError),
        ({"max_cost": 1.0}, UsageError),
        ({"resume": "20200101-000000000-000000"}, SessionError),
    ],
)
async def test_what_cannot_begin_is_raised(options, wrong, error_type):
    with pytest.raises(error_type):
        await Agent(**options | wrong).arun("Go")


async def test_a_tool_runs_as_for_the_model(options, workspace):
    settings = Settings(**options)
    done = await run_tool(settings, "edit", json.dumps(EDIT[1]))
    assert done.ok and (workspace / "a.txt").read_text() == "two\n"
    refused = await run_tool(settings, "edit", '{"path": "a.txt"')
    assert not refused.ok and "JSON" in refused.text
    unknown = await run_tool(settings, "nonsense", "{}")
    assert not unknown.ok and "shell" in unknown.text


async def test_nothing_outside_state_and_workspace_is_left_behind(endpoint, options, workspace, tmp_path):
    endpoint.script(calls(("shell", {"command": "echo x > /tmp/mine; cat /tmp/mine"})), text("done"))
    outcome = await Agent(**options).arun("Go")
    assert outcome.files_changed == () and sorted(path.name for path in tmp_path.iterdir()) == [
        "state",
        "work",
    ]


@pytest.mark.parametrize("depth", [120, 400, 500, 700, 800, 900, 960, 985, 1000, 1200, 5000])
async def test_arguments_nested_deeply_are_refused_and_the_run_goes_on(endpoint, options, depth):
    deep = '{"path": "d", "content": ' + "[" * depth + "]" * depth + "}"
    endpoint.script(calls(("write", deep)), calls(("frobnicate", deep)), text("Done."))
    seen = Collected()
    recording = options["workspace"].parent / "run.jsonl"
    outcome = await Agent(**options, front_ends=(seen,), record=recording).arun("Go")
    assert (outcome.status, outcome.tool_calls) == ("done", 2)
    assert "nested too deeply" in endpoint.requests[1].body["messages"][-1]["content"]


async def test_what_nobody_foresaw_still_tells_the_end(endpoint, options, monkeypatch):
    endpoint.script(calls(EDIT), text("Changed."))
    seen = Collected()

    def broken(*_):
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr("seedsmith.agent.loop.stuck.RepeatWatch.observe", broken)
    with pytest.raises(ZeroDivisionError):
        await Agent(**options, front_ends=(seen,)).arun("Change it")
    finished = seen.events[-1]
    assert isinstance(finished, SessionFinished) and (finished.status, finished.exit_code) == ("gave_up", 1)
    assert "unforeseen" in finished.message and finished.files_changed == ["a.txt"]
    (records,) = (options["home"] / "sessions").rglob("*.jsonl")
    assert json.loads(records.read_text().splitlines()[-1])["status"] == "gave_up"


async def test_a_baseline_that_breaks_still_tells_the_end(endpoint, options, monkeypatch):
    endpoint.script(calls(EDIT), text("Changed."))
    seen = Collected()

    def broken(*_, **__):
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr("seedsmith.sandbox.snapshots.store.SnapshotStore.take", broken)
    with pytest.raises(ZeroDivisionError):
        await Agent(**options, front_ends=(seen,)).arun("Change it")
    assert isinstance(seen.events[-1], SessionFinished)


async def test_the_users_own_instructions_come_before_the_workspaces(endpoint, options, workspace, tmp_path):
    (tmp_path / "config/seedsmith").mkdir(parents=True)
    (tmp_path / "config/seedsmith/AGENTS.md").write_text("Be brief.")
    (workspace / "AGENTS.md").write_text("Be kind.")
    endpoint.script(text("Yes."))
    environment = {"PATH": "/usr/bin:/bin", "XDG_CONFIG_HOME": str(tmp_path / "config")}
    await run(RunRequest(settings=Settings(**options), prompt="Go", environment=environment))
    said = [each["content"] for each in endpoint.requests[0].body["messages"]]
    assert "Be brief." in said[1] and "Be kind." in said[2] and said[3].startswith("Go")
