"""The outcome claims what was seen, no more."""

from __future__ import annotations

import pytest

from seedsmith.agent.cli.main import explain
from seedsmith.agent.errors import SessionError, UsageError
from seedsmith.agent.models.base import Usage
from seedsmith.agent.models.errors import LocalModelError, ServiceUnavailable, UnknownModel
from seedsmith.agent.sessions.outcome import EXIT_CODES, Outcome, Verified, changed_tests, ending_of
from seedsmith.sandbox.errors import NoIsolation, PathNotFound
from seedsmith.skills.errors import BadParameters


@pytest.mark.parametrize(
    ("path", "is_test"),
    [
        ("tests/helper.py", True),
        ("src/__tests__/a.js", True),
        ("test_a.py", True),
        ("pkg/a_test.go", True),
        ("a.spec.ts", True),
        ("FooTest.java", True),
        ("conftest.py", True),
        ("latest.py", False),
        ("contest/a.py", False),
        ("attestation.c", False),
        ("src/testing_tools_a.py", False),
    ],
)
def test_what_looks_like_a_test(path, is_test):
    assert (changed_tests((path,)) == (path,)) is is_test


def test_the_sentence_names_command_codes_moment_and_tests():
    proven = Verified("pytest -q", 1, 0, True)
    assert proven.proven
    assert proven.sentence() == (
        "`pytest -q`: exit code 1 before, exit code 0 now, run after the last edit; no test changed."
    )
    doubtful = Verified("pytest -q", None, 0, False, ("test_a.py",))
    assert not doubtful.proven
    assert "did not finish before" in doubtful.sentence()
    assert "but not after the last edit; tests changed: test_a.py" in doubtful.sentence()


def test_a_full_disk_interrupts_and_says_how_to_go_on():
    ending = ending_of(SessionError("Can't write records.jsonl: No space left on device."))
    assert ending is not None and ending.status == "interrupted" and not ending.raised
    assert "No space left" in ending.reason and "--resume" in ending.reason


def test_the_last_event_carries_everything():
    verified = Verified("make test", 2, 0, True, ("t/test_a.py",))
    outcome = Outcome("done", "m", "s", 3, 4, Usage(10, 2, 5, 1), 0.5, True, verified, ("a",), "diff")
    event = outcome.to_event()
    assert (event.status, event.exit_code, event.turns, event.tool_calls) == ("done", 0, 3, 4)
    assert event.usage == {
        "input_tokens": 10,
        "cached_tokens": 2,
        "output_tokens": 5,
        "reasoning_tokens": 1,
        "total_tokens": 15,
    }
    assert event.verified == {
        "command": "make test",
        "before_exit_code": 2,
        "exit_code": 0,
        "after_last_edit": True,
        "tests_changed": ["t/test_a.py"],
        "weakened": [],
        "sides": None,
        "failed_before": False,
    }
    assert Outcome("budget", "").to_event().verified is None


def test_exit_codes_are_those_documented():
    assert EXIT_CODES == {
        "done": 0,
        "unverified": 1,
        "gave_up": 1,
        "cannot_verify": 2,
        "refused": 2,
        "budget": 3,
        "provider_error": 4,
        "no_sandbox": 5,
        "interrupted": 130,
    }


ERRORS = [
    (NoIsolation("x"), "no_sandbox", 5),
    (ServiceUnavailable("x"), "provider_error", 4),
    (LocalModelError("x"), "provider_error", 4),
    (SessionError("x"), "interrupted", 2),  # 130 where a run had begun, which tells its end by itself
    (UsageError("x"), None, 2),
    (UnknownModel("x"), None, 2),
    (PathNotFound("x"), None, 2),
    (BadParameters("x"), None, 2),
    (ZeroDivisionError("x"), "gave_up", 1),
    (OSError("x"), "gave_up", 1),
]


@pytest.mark.parametrize(("error", "status", "code"), ERRORS, ids=lambda value: type(value).__name__)
def test_a_run_and_the_command_line_agree_on_an_error(error, status, code):
    ending = ending_of(error)
    assert (ending and ending.status) == status
    assert explain(error)[0] == code
    if ending is not None and not isinstance(error, SessionError):
        assert EXIT_CODES[ending.status] == code


def test_what_a_run_raises_still_is_what_the_command_line_calls_unforeseen():
    for error, _, _ in ERRORS:
        ending = ending_of(error)
        assert (ending is not None and ending.raised) == ("unforeseen" in explain(error)[1])


def test_a_run_and_the_command_line_say_that_the_memory_is_used_up():
    ending = ending_of(MemoryError())
    assert ending is not None and (ending.status, ending.raised) == ("gave_up", True)
    code, sentence = explain(MemoryError())
    assert code == 1 and sentence == ending.reason and sentence.startswith("The memory is used up: ")
