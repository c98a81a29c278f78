"""Every run that began tells its end, and no event of it holds a key."""

from __future__ import annotations

import json

import pytest
from scripted_endpoint import calls, text
from small_house import Collected

from seedsmith import Agent
from seedsmith.agent.errors import UsageError
from seedsmith.agent.events import EventSink, Reasoning, SessionFinished, SessionStarted, Text, ToolStarted
from seedsmith.agent.redact import Redactor
from seedsmith.sandbox.errors import SandboxError

KEY = "sk-a-key-for-tests"


@pytest.fixture
def options(endpoint, tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "a.txt").write_text("one\n")
    return {
        "workspace": folder,
        "model": "openai/scripted",
        "base_url": endpoint.base_url,
        "api_key": KEY,
        "home": tmp_path / "state",
    }


@pytest.mark.slow
@pytest.mark.parametrize("sandbox", ["bwrap", "landlock"])
@pytest.mark.parametrize(
    "poison", ["rm -rf $HOME; touch $HOME", "rm -rf $HOME; ln -s /nonexistent $HOME", "chmod 000 $TMPDIR"]
)
async def test_one_command_ends_no_session(endpoint, options, sandbox, poison):
    shell = [calls(("shell", {"command": command})) for command in (poison, "echo alive-$((40+2))")]
    endpoint.script(*shell, text("Done."), text("Again."))
    first = await Agent(**options, sandbox=sandbox, verify="true").arun("Go")
    if first.status == "no_sandbox":
        pytest.skip(f"needs {'Landlock' if sandbox == 'landlock' else sandbox}")
    assert first.status == "done" and "alive-42" in endpoint.requests[2].body["messages"][-1]["content"]
    again = await Agent(**options, sandbox=sandbox, verify="true", resume=first.session).arun("On")
    assert again.status == "done"


@pytest.mark.parametrize(
    ("place", "error", "status"),
    [
        ("seedsmith.agent.run.run._Run._open_conversation", UsageError("Nothing to do."), "refused"),
        ("seedsmith.agent.run.verification.Verifier.run_first", SandboxError("Can't start."), "refused"),
        ("seedsmith.agent.run.run.open_tool_context", SandboxError("No private folder."), "refused"),
        ("seedsmith.agent.run.snapshots.RunSnapshots.changes", OSError(5, "Input/output error"), "gave_up"),
        ("seedsmith.agent.run.run._Run._work", KeyboardInterrupt(), "interrupted"),
        ("seedsmith.agent.run.run.closing_words", MemoryError(), "gave_up"),
    ],
)
async def test_whatever_fails_once_a_run_began_its_end_is_the_last_event(
    endpoint, options, monkeypatch, place, error, status
):
    endpoint.script(text("Done."))
    seen = Collected()

    def broken(*_, **__):
        raise error

    monkeypatch.setattr(place, broken)
    with pytest.raises(type(error)):
        await Agent(**options, verify="true", front_ends=(seen,)).arun("Go")
    assert isinstance(seen.events[0], SessionStarted)
    finished = seen.events[-1]
    assert isinstance(finished, SessionFinished) and finished.status == status
    assert sum(isinstance(event, SessionFinished) for event in seen.events) == 1
    (records,) = (options["home"] / "sessions").rglob("*.jsonl")
    assert json.loads(records.read_text().splitlines()[-1])["status"] == status


async def test_the_key_stands_in_no_field_of_any_event_and_in_no_file(endpoint, options):
    """A command writes it into a file, so that it stands in the diff, too; a name and an answer hold it."""
    half = len(KEY) // 2
    write = f"printf %s%s {KEY[:half]} {KEY[half:]} >key.txt; cp key.txt $(cat key.txt); cat key.txt"
    endpoint.script(
        calls(("shell", {"command": write})),
        calls(("write", {"path": f"{KEY}.txt", "content": KEY})),
        text(f"It is {KEY}, is it?", delta=3),
    )
    seen = Collected()
    recording = options["home"].parent / "run.jsonl"
    outcome = await Agent(**options, front_ends=(seen,), record=recording).arun(f"Find {KEY}")
    assert outcome.status == "done" and "key.txt" in outcome.files_changed
    assert KEY not in repr(seen.events)
    said = "".join(event.delta for event in seen.of(Text))
    assert said == "It is [redacted], is it?"
    assert KEY not in recording.read_text()
    (records,) = (options["home"] / "sessions").rglob("records.jsonl")
    assert KEY not in records.read_text()


def test_a_delta_held_back_comes_before_whatever_follows():
    seen = Collected()
    sink = EventSink("s", (seen,), redactor=Redactor([KEY]))
    sink.emit(Reasoning("I saw sk-a"))
    sink.emit(Text("sk-a-key-"))
    sink.emit(Text("for-tests sk-"))
    sink.emit(ToolStarted("c", "shell", {"command": f"echo {KEY}", KEY: [KEY]}))
    assert seen.events == [
        Reasoning("I saw "),
        Reasoning("sk-a"),
        Text("[redacted] "),
        Text("sk-"),
        ToolStarted("c", "shell", {"command": "echo [redacted]", "[redacted]": ["[redacted]"]}),
    ]
