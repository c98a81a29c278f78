"""Whether a test command's first run shows no bug but its own fault: it can't be run, or runs no test.

Only what the known runners themselves say is taken for it, by their exit codes and their own words: of an
unknown command a failure is a failure.
"""

from __future__ import annotations

import re
import shlex
from pathlib import PurePath

from seedsmith.agent.loop.loop import LoopResult
from seedsmith.agent.sessions.session import VerifyRecord
from seedsmith.sandbox.lazy_dataclass import dataclass

_CANNOT_RUN = (126, 127)
"""A shell's exit codes for a command that is not there or is no program."""
_OPERATORS = frozenset({"|", "||", "&", "&&", ";", "(", ")", "|&"})
_SETTING = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)
_RUN_WITH = frozenset({"uv", "poetry", "pdm", "pipenv", "rye", "hatch"})
_PYTHON = re.compile(r"python[\d.]*")


@dataclass(frozen=True, slots=True)
class _Fault:
    """An ending of one runner, and what the command then did wrong; exit code and words must both fit."""

    exit_codes: tuple[int, ...]
    words: re.Pattern[str]
    meaning: str


_NO_TESTS = "ran no tests"
_WRONG = "was not understood"
_MISSING = "names tests that are not there"
_NO_TARGET = "names a target that is not there"
_BROKEN = "breaks off by an error within pytest, before any test"
_TO_BE_WRITTEN = frozenset({_NO_TESTS, _MISSING, _NO_TARGET})
_ANY = re.compile("")
_FAULTS: dict[str, tuple[_Fault, ...]] = {
    # pytest's code 4 also stands for a conftest.py or a module that can't be imported, which is a bug.
    "pytest": (
        _Fault((5,), _ANY, _NO_TESTS),
        _Fault((4,), re.compile(r"^ERROR: usage: ", re.MULTILINE), _WRONG),
        _Fault((4,), re.compile(r"^ERROR: (?:file or directory )?not found: ", re.MULTILINE), _MISSING),
        _Fault((3,), re.compile(r"^INTERNALERROR> ", re.MULTILINE), _BROKEN),
        _Fault(
            (1,),
            re.compile(r"python[\d.]*: No module named pytest\b"),
            "calls pytest, which is not installed there",
        ),
    ),
    "unittest": (
        _Fault((5,), _ANY, _NO_TESTS),  # from Python 3.12 on; 0 before
        _Fault((0,), re.compile(r"^Ran 0 tests in ", re.MULTILINE), _NO_TESTS),
        _Fault((2,), re.compile(r"\bunittest\b.*: error: "), _WRONG),
    ),
    "make": (
        # With ", needed by …" behind the target it is a rule that is wrong, which may be the bug.
        _Fault(
            (2,),
            re.compile(r"^make: \*\*\* No rule to make target [^,\n]*  Stop\.", re.MULTILINE),
            _NO_TARGET,
        ),
        _Fault((2,), re.compile(r"^make: \*\*\* No targets specified", re.MULTILINE), _NO_TARGET),
    ),
    "npm": (
        _Fault(
            (1,),
            re.compile(r"^npm (?:ERR!|error) Missing script: ", re.MULTILINE),
            "names a script that is not there",
        ),
    ),
    "ctest": (_Fault((0, 8), re.compile(r"^No tests were found!!!", re.MULTILINE), _NO_TESTS),),
}


def settled_by(first: VerifyRecord) -> LoopResult | None:
    """How a fix ends after the test command's first run alone; None where a bug is left to be fixed."""
    if why := why_unusable(first.command, first.exit_code, first.output):
        cannot = first.exit_code in _CANNOT_RUN
        return LoopResult("cannot_verify" if cannot else "gave_up", reason=why)
    if first.exit_code == 0:
        return LoopResult("done", "The tests pass already; nothing was changed.")
    return None


def why_unusable(command: str, exit_code: int | None, output: str, *, report: str = "") -> str:
    """Why the first run of ``command`` shows no bug, as a sentence; empty where it passes or shows one.

    With a ``report`` its tests may be written yet: that they are not there is no fault. What breaks a runner
    itself is one, as nothing can be proven then, unless that was reported.
    """
    if exit_code in _CANNOT_RUN:
        return f"The test command can't be run: {command}"
    for fault in _FAULTS.get(_runner(command), ()):
        if report and fault.meaning in _TO_BE_WRITTEN:
            continue
        if fault.meaning == _BROKEN and (not report or "INTERNALERROR" in report):
            continue  # it may be the bug
        if exit_code in fault.exit_codes and fault.words.search(output):
            ended = f"The test command {fault.meaning} (exit code {exit_code})"
            return f"{ended}; name another with --test: {command}"
    return ""


def _runner(command: str) -> str:
    """The known runner that ``command`` calls and whose exit code is its own; empty where that is unsure."""
    try:
        lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = list(lexer)
    except ValueError:
        return ""
    if words[:1] == ["cd"] and words[2:3] == ["&&"]:
        words = words[3:]
    if "\n" in command or not _OPERATORS.isdisjoint(words):
        return ""
    while words and _SETTING.fullmatch(words[0]):
        del words[0]
    if len(words) > 2 and words[0] in _RUN_WITH and words[1] == "run":
        words = words[2:]
    program = PurePath(words[0]).name if words else ""
    if _PYTHON.fullmatch(program) and "-m" in words[:-1]:
        return words[words.index("-m") + 1]
    return {"py.test": "pytest", "gmake": "make"}.get(program, program)
