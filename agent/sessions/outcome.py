"""How a run ended, and what it can prove (docs/decisions.md, "Evidence")."""

from __future__ import annotations

import asyncio
import re
from dataclasses import asdict, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

from seedsmith.agent.errors import FAILED, INTERRUPTED, WRONG_USAGE, AgentError, SessionError
from seedsmith.agent.events import SessionFinished
from seedsmith.agent.models.base import Usage
from seedsmith.agent.models.errors import ModelError
from seedsmith.agent.sessions.proof_sides import OTHERWISE, Sides
from seedsmith.sandbox.errors import NoIsolation, SandboxError
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.workspace.paths import shown
from seedsmith.skills.errors import SkillError
from seedsmith.tools.text import first_of

if TYPE_CHECKING:
    from seedsmith.agent.sessions.comparison import Comparison
    from seedsmith.sandbox.snapshots.changes import Changes

INTERRUPTED_MESSAGE = "Interrupted."
NO_MEMORY = "The memory is used up: end other programs, or raise the limit that holds here (ulimit -v)."
"""What a run says that the person stopped."""
_NAMED = 8

Status = Literal[
    "done",
    "unverified",
    "gave_up",
    "cannot_verify",
    "refused",
    "budget",
    "provider_error",
    "no_sandbox",
    "interrupted",
]

EXIT_CODES: dict[Status, int] = {
    "done": 0,
    "unverified": FAILED,
    "gave_up": FAILED,
    "cannot_verify": WRONG_USAGE,
    "refused": WRONG_USAGE,
    "budget": 3,
    "provider_error": 4,
    "no_sandbox": 5,
    "interrupted": INTERRUPTED,
}


@dataclass(frozen=True, slots=True)
class Verified:
    """What is known of the verification command at the end of a run."""

    command: str
    before_exit_code: int | None
    """Before the first turn; None where it did not end by itself."""
    exit_code: int | None
    """Of the newest run."""
    after_last_edit: bool
    """Whether that run came after the last call that could change the workspace."""
    tests_changed: tuple[str, ...] = ()
    """Changed files that look like tests."""
    weakened: tuple[str, ...] = ()
    """How tests were weakened, skipped, deleted or special-cased, a phrase each, unless that is allowed."""
    sides: Sides | None = None
    """What the code as it was and as it is say of what was reported; None where nothing was reported."""
    failed_before: bool = False
    """Whether the command fails by nothing but what failed before, too, and both sides prove the report."""

    @property
    def proven(self) -> bool:
        """Whether the workspace, as it is now, passes, on both sides where a report is to be proven."""
        passes = self.exit_code == 0 or self.failed_before
        both = self.sides is None or self.sides.proven
        return passes and self.after_last_edit and not self.weakened and both

    def sentence(self) -> str:
        """The evidence in words, bound to what really ran; lines of their own for what else was found."""
        before, after = _exit(self.before_exit_code), _exit(self.exit_code)
        when = "after the last edit" if self.after_last_edit else "but not after the last edit"
        tests = f"tests changed: {', '.join(self.tests_changed)}" if self.tests_changed else "no test changed"
        proof = ""
        if self.before_exit_code == 0 and self.exit_code == 0 and self.sides is None:
            proof = " It passed before, too: that it passes now proves nothing about the task."
        said = [f"`{self.command}`: {before} before, {after} now, run {when}; {tests}.{proof}"]
        if self.failed_before:
            said.append("What fails now failed before, too.")
        if self.weakened:
            said.append(self._of_weakened(first_of(self.weakened, _NAMED, "; ")))
        if self.sides is not None:
            said.append(self.sides.sentence())
        return "\n".join(said)

    def _of_weakened(self, how: str) -> str:
        otherwise = all(each.endswith(OTHERWISE) for each in self.weakened)
        if self.sides is None or not self.sides.proven or not otherwise:
            return f"Tests were weakened: {how} (--allow-test-changes allows that)."
        said = "What an old test expects was changed"
        if contradiction := self.sides.contradiction():
            said = f"An old test says the opposite of the report: {contradiction}. {said}"
        return (
            f"{said} ({how}). If the report is right and the test was wrong, go on with "
            "--allow-test-changes, which asks the model nothing."
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything a run leaves behind."""

    status: Status
    message: str
    """The model's last words and the evidence, or why the run ended."""
    session: str = ""
    turns: int = 0
    tool_calls: int = 0
    usage: Usage = field(default_factory=Usage)
    cost_cny: float | None = None
    """Yuan; None where no price is known."""
    cost_estimated: bool = False
    verified: Verified | None = None
    files_changed: tuple[str, ...] = ()
    diff: str = ""
    """Unified diff of whatever changed in the workspace, by any tool."""
    output: Any = None
    """What the final message holds, where a schema was given and it follows it (``output_schema``)."""
    lost: tuple[str, ...] = ()
    """Files deleted or overwritten though no commit held what they were; undo brings them back."""
    undo: str = ""
    """The command that takes back what the run changed; '' where it changed nothing."""
    comparison: Comparison | None = None
    """How a replay compares with its recording; None where the run was no replay."""

    @property
    def exit_code(self) -> int:
        """The process's exit code for this status."""
        return EXIT_CODES[self.status]

    def to_event(self) -> SessionFinished:
        """The last event of the run."""
        return SessionFinished(
            status=self.status,
            exit_code=self.exit_code,
            turns=self.turns,
            tool_calls=self.tool_calls,
            usage=asdict(self.usage) | {"total_tokens": self.usage.total_tokens},
            cost_cny=self.cost_cny,
            cost_estimated=self.cost_estimated,
            verified=None if self.verified is None else _json(self.verified),
            files_changed=list(self.files_changed),
            diff=self.diff,
            message=self.message,
            output=self.output,
            lost=list(self.lost),
            undo=self.undo,
        )

    def to_record(self, left_out: tuple[str, ...]) -> dict[str, Any]:
        """What the session's records keep of it; the diff, which lacks ``left_out``, has its own file."""
        return {
            "status": self.status,
            "exit_code": self.exit_code,
            "message": self.message,
            "turns": self.turns,
            "tool_calls": self.tool_calls,
            "verified": None if self.verified is None else _json(self.verified),
            "files_changed": list(self.files_changed),
            "left_out": list(left_out),
            "output": self.output,
        }


@dataclass(frozen=True, slots=True)
class Ending:
    """What an exception makes of a run that had begun."""

    status: Status
    reason: str
    """One sentence."""
    raised: bool = False
    """Whether the exception is raised still, once the end was told."""


def ending_of(error: BaseException) -> Ending | None:
    """How a run ends over ``error``; None where it is said by the error alone: the run could not begin."""
    match error:
        case NoIsolation():
            return Ending("no_sandbox", str(error))
        case ModelError():
            return Ending("provider_error", str(error))
        case SessionError():  # the disk is full: what was done is still told, and the model gave nothing up
            return Ending("interrupted", f"{error} Make room there, then go on with --resume.")
        case AgentError() | SandboxError() | SkillError():
            return None
        case asyncio.CancelledError() | KeyboardInterrupt() | SystemExit():
            return Ending("interrupted", INTERRUPTED_MESSAGE, raised=True)
        case MemoryError():
            return Ending("gave_up", NO_MEMORY, raised=True)
        case _:  # a defect: programs that follow the run need its end all the same
            what = type(error).__name__
            return Ending("gave_up", f"Something unforeseen went wrong ({what}).", raised=True)


def refused(error: BaseException) -> Ending:
    """How a run ends over an ``error`` that says by itself what can't be done, once the run had begun."""
    return Ending("refused", str(error), raised=True)


def exit_code_of(error: BaseException) -> int:
    """The process's exit code where ``error`` ends the command, be it in a run or before one."""
    ending = ending_of(error)
    if ending is None or isinstance(error, SessionError):  # which a run that had begun tells by itself
        return WRONG_USAGE
    return EXIT_CODES[ending.status]


UNVERIFIED = "Nothing was verified: no test command was given (fix --test, else --verify)."


def closing_words(text: str, reason: str, verified: Verified | None, changes: Changes | None) -> str:
    """The model's last words, why the run ended where it was not done, and the evidence.

    Nothing is said of ``changes`` where they are None, as of those in a copy.
    """
    parts = [text.strip(), reason]
    if verified is not None:
        parts.append(f"Verification: {verified.sentence()}")
    if changes is None:
        return "\n\n".join(part for part in parts if part)
    if verified is None and changes.files_changed:
        parts.append(UNVERIFIED)
    if changes.left_out:
        parts.append(f"Changed, but not shown in the diff: {', '.join(changes.left_out)}.")
    if lost := changes.lost:
        names = first_of(list(map(shown, lost)), _NAMED)
        parts.append(f"Deleted or overwritten, and in no commit: {names}. seedsmith undo brings them back.")
    return "\n\n".join(part for part in parts if part)


def changed_tests(files: tuple[str, ...]) -> tuple[str, ...]:
    """Those of ``files`` whose name or folder says that they are tests."""
    return tuple(path for path in files if looks_like_a_test(path))


_TEST_FOLDERS = frozenset({"test", "tests", "testing", "__tests__", "spec", "specs", "testdata"})


def looks_like_a_test(path: str) -> bool:
    """Whether a file's name or folder says that it is a test."""
    pure = PurePosixPath(path)
    if _TEST_FOLDERS.intersection(part.lower() for part in pure.parts[:-1]) or pure.name == "conftest.py":
        return True
    words = re.split(r"[-_.]", pure.name.lower())
    return bool({"test", "tests", "spec"}.intersection(words)) or pure.stem.endswith(("Test", "Tests"))


def _exit(code: int | None) -> str:
    return "did not finish" if code is None else f"exit code {code}"


def _json(verified: Verified) -> dict[str, Any]:
    lists = {"tests_changed": list(verified.tests_changed), "weakened": list(verified.weakened)}
    sides = None if verified.sides is None else verified.sides.to_json()
    return asdict(verified) | lists | {"sides": sides}
