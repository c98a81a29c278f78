"""How many snapshots a run takes: none more at its end where it did nothing since the newest."""

from __future__ import annotations

import asyncio
import json

import pytest
from present import is_present
from scripted_endpoint import Answer, calls, text
from scripted_settings import scripted_settings

from seedsmith.agent.events import NoticeGiven
from seedsmith.agent.run import snapshots
from seedsmith.agent.run.run import run
from seedsmith.agent.settings.run_request import RunRequest
from seedsmith.sandbox.commands.ready_sandbox import ReadySandbox
from seedsmith.sandbox.snapshots.store import SnapshotStore
from seedsmith.sandbox.workspace.workspace import Workspace


@pytest.fixture
def project(tmp_path):
    root = tmp_path / "project"
    root.mkdir()
    (root / "a.txt").write_text("one\n")
    return root


async def outcome_of(project, tmp_path, endpoint, *steps, sandbox="off"):
    endpoint.script(*steps)
    settings = scripted_settings(endpoint, project, tmp_path / "state", sandbox=sandbox, approve="auto")
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    return await run(RunRequest(settings=settings, prompt="Go", environment=environment))


def labels(tmp_path):
    found = sorted((tmp_path / "state/snapshots").glob("*/snapshots/*.json"))
    return [json.loads(each.read_text())["label"] for each in found]


async def test_a_run_that_only_answers_takes_one(project, tmp_path, endpoint):
    outcome = await outcome_of(project, tmp_path, endpoint, text("done"))
    assert (outcome.status, outcome.files_changed) == ("done", ())
    assert labels(tmp_path) == ["the run began"]


async def test_a_run_takes_none_more_where_it_did_nothing_since_the_newest(project, tmp_path, endpoint):
    (project / ".gitignore").write_text("*.log\n")
    write = ("write", {"path": "b.txt", "content": "two\n"})
    noise = ("shell", {"command": "echo noise >noise.log"})
    outcome = await outcome_of(project, tmp_path, endpoint, calls(write, noise), Answer(text="done"))
    assert outcome.files_changed == ("b.txt",)
    assert labels(tmp_path) == ["the run began", "turn 1"]


@pytest.mark.parametrize(("parent", "times"), [("", 1), ("20260101-000000000-aaaaaa", 0)])
async def test_a_run_tells_of_another_session_in_its_folder_but_for_the_one_that_it_helps(
    project, tmp_path, endpoint, parent, times
):
    settings = scripted_settings(endpoint, project, tmp_path / "state", sandbox="off")
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    request = RunRequest(settings=settings, prompt="Go", environment=environment, parent=parent)
    told = []

    class Seen:
        def show(self, envelope):
            if isinstance(envelope.event, NoticeGiven) and envelope.event.code == "shared_folder":
                told.append(envelope.event.message)

        def close(self):
            pass

    with Workspace(project) as workspace:
        other = SnapshotStore(tmp_path / "state", workspace)
        for _ in range(2):
            endpoint.script(text("done"))
            await run(request, (Seen(),))
            other.close()
    assert len(told) == times


async def test_one_is_taken_after_each_turn_that_changed_something_once_the_next_question_has_left(
    project, tmp_path, endpoint, monkeypatch
):
    for name in ("_QUESTION_SECONDS", "_NEXT_QUESTION_SECONDS"):
        monkeypatch.setattr(snapshots, name, 3600)  # it has never left, as far as one knows
    loop, timers, asked = asyncio.get_running_loop(), [], []
    later = loop.call_later
    monkeypatch.setattr(loop, "call_later", lambda *how: timers.append(later(*how)) or timers[-1])
    take = snapshots.RunSnapshots._take
    monkeypatch.setattr(
        snapshots.RunSnapshots,
        "_take",
        lambda *how, **more: asked.append(len(endpoint.requests)) or take(*how, **more),
    )
    writes = [calls(("write", {"path": f"{name}.txt", "content": name})) for name in "bc"]
    outcome = await outcome_of(project, tmp_path, endpoint, *writes, text("done"))
    assert outcome.files_changed == ("b.txt", "c.txt")
    assert labels(tmp_path) == ["the run began", "turn 1", "turn 2"]
    assert asked == [1, 2, 3]  # before the next call that changes something, and at the end
    waited = [each for each in timers if "_begin_due" in repr(each) and not each.cancelled()]
    assert timers and not waited  # none begins what is due later


async def test_the_workspaces_folders_are_looked_at_while_the_first_question_is_asked(
    project, tmp_path, endpoint, monkeypatch
):
    asked = []
    monkeypatch.setattr(
        "seedsmith.sandbox.guards.workspace_guards.WorkspaceGuards.look",
        lambda guards: asked.append(len(endpoint.requests)),
    )
    monkeypatch.setattr(snapshots, "_QUESTION_SECONDS", 3600)
    await outcome_of(project, tmp_path, endpoint, text("done"))
    assert asked == [1]


@pytest.mark.skipif(not is_present("bwrap"), reason="needs bwrap")
async def test_the_sandbox_of_the_next_command_is_made_while_the_model_is_asked(
    project, tmp_path, endpoint, monkeypatch
):
    monkeypatch.setattr(snapshots, "_QUESTION_SECONDS", 0.0)
    came_up, let_go, used = ReadySandbox._came_up, ReadySandbox.let_go, []
    monkeypatch.setattr(ReadySandbox, "_came_up", lambda ready: came_up(ready) or endpoint.release())
    monkeypatch.setattr(ReadySandbox, "let_go", lambda *how: used.append(how) or let_go(*how))
    command = calls(("shell", {"command": "echo made >made.txt"}), stall_after=1)
    outcome = await outcome_of(project, tmp_path, endpoint, command, text("done"), sandbox="bwrap")
    assert (outcome.status, outcome.files_changed) == ("done", ("made.txt",))
    assert len(used) == 1
