"""What policy lets through, and what needs a person."""

from __future__ import annotations

import pytest

from seedsmith.agent.calls.approval import CallPolicy, Verdict
from seedsmith.tools.base import EVERYTHING, Access

SHELL = Access(frozenset({EVERYTHING}), frozenset({EVERYTHING}))


@pytest.mark.parametrize(
    "path", [".envrc", "a/.ENVRC", ".vscode/tasks.json", "sub/.vscode/Tasks.json", ".mcp.json"]
)
def test_files_that_others_run_need_a_person(path):
    decision = CallPolicy(confined=True, can_ask=False).decide(Access(writes=frozenset({path})))
    assert decision.verdict is Verdict.ASK and path in decision.why


@pytest.mark.parametrize(
    "path", ["a.py", "tasks.json", "envrc", "vscode/tasks.json", ".github/workflows/a.yml"]
)
def test_other_files_need_none(path):
    assert (
        CallPolicy(confined=True, can_ask=True).decide(Access(writes=frozenset({path}))).verdict
        is Verdict.ALLOW
    )


def test_reading_needs_nobody():
    access = Access(reads=frozenset({".envrc"}))
    assert CallPolicy(confined=False, can_ask=True).decide(access).verdict is Verdict.ALLOW


@pytest.mark.parametrize(
    ("confined", "can_ask", "verdict"),
    [
        (True, True, Verdict.ALLOW),
        (True, False, Verdict.ALLOW),
        (False, True, Verdict.ASK),
        (False, False, Verdict.ALLOW),
    ],
)
def test_unconfined_commands_are_asked_about_where_someone_is_there(confined, can_ask, verdict):
    assert CallPolicy(confined, can_ask).decide(SHELL).verdict is verdict
