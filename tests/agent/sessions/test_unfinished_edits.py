"""A patch that was killed half-way did nothing, once its session goes on."""

import json

import pytest

from seedsmith.agent.conversation import AssistantMessage, ToolCall, UserMessage
from seedsmith.agent.redact import Redactor
from seedsmith.agent.sessions.session import Session, SessionStart
from seedsmith.agent.sessions.unfinished_edits import take_back_half_done
from seedsmith.sandbox.snapshots.store import SnapshotStore
from seedsmith.sandbox.workspace.workspace import Workspace
from seedsmith.tools.base import Effect


@pytest.fixture
def killed(tmp_path):
    """Makes a session that was killed during calls, and opens it again."""
    (tmp_path / "work").mkdir()
    (tmp_path / "work/a.txt").write_text("one\n")
    workspace = Workspace(tmp_path / "work")
    store = SnapshotStore(tmp_path / "state", workspace)

    def make(*calls):
        start = SessionStart(str(workspace.root), "openai/x", "chat", "default", "Go on")
        session = Session.create(tmp_path / "state", start, Redactor(()))
        session.append(UserMessage("Go on", "task"))
        session.record_snapshot(0, store.take())
        session.append(AssistantMessage("", "", calls))
        for call in calls:
            session.record_intended(call, Effect.WORKSPACE)
        (workspace.root / "a.txt").write_text("two\n")
        (workspace.root / "new").mkdir()
        (workspace.root / "new/b.txt").write_text("b\n")
        (workspace.root / "mine.txt").write_text("mine\n")
        (workspace.root / ".0123456789abcdef.tmp").write_text("tw")
        session.close()
        return Session.resume(tmp_path / "state", session.id, workspace.root, Redactor(()))

    yield make, store, workspace.root
    store.close()
    workspace.close()


PATCH = ToolCall(
    "1", "patch", json.dumps({"patch": "--- a/a.txt\n+++ b/a.txt\n--- /dev/null\n+++ b/new/b.txt\n"})
)


def test_what_a_file_tool_had_begun_is_taken_back(killed):
    make, store, root = killed
    session = make(PATCH)
    found = take_back_half_done(store, session)
    assert found.paths == (".0123456789abcdef.tmp", "a.txt", "new", "new/b.txt") and found.tool == "patch"
    assert sorted(path.name for path in root.iterdir()) == ["a.txt", "mine.txt"]
    assert (root / "a.txt").read_text() == "one\n"
    assert store.row(found.before, "new/b.txt") and not store.row(found.after, "new")
    assert take_back_half_done(store, session) is None
    session.close()


def test_of_a_rename_the_files_that_differ_in_the_name_alone_are_taken_back(killed):
    make, store, root = killed
    arguments = {"action": "rename", "path": "a.txt", "name": "A.one", "new_name": "two"}
    session = make(ToolCall("1", "symbols", json.dumps(arguments)))
    assert take_back_half_done(store, session).paths == (".0123456789abcdef.tmp", "a.txt")
    assert (root / "a.txt").read_text() == "one\n" and (root / "new/b.txt").exists()
    session.close()


def test_beside_a_command_only_our_own_unfinished_files_go(killed):
    make, store, root = killed
    session = make(PATCH, ToolCall("2", "shell", json.dumps({"command": "touch a.txt"})))
    assert take_back_half_done(store, session).paths == (".0123456789abcdef.tmp",)
    assert (root / "a.txt").read_text() == "two\n" and (root / "new/b.txt").exists()
    session.close()
