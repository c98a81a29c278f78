"""What a failing run of the test command shows: which tests fail, how, and which lines they ran."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field

from seedsmith.sandbox.lazy_dataclass import dataclass

_MESSAGE_LINES = 6
_MESSAGE_CHARACTERS = 480

_LOCATIONS = (
    re.compile(r'File "(?P<path>[^"\n]+)", line (?P<line>\d+)(?:, in (?P<name>[\w<>.]+))?'),
    re.compile(
        r"at (?:async )?(?:(?P<name>[\w$.<>]+) )?\(?(?:file://)?(?P<path>[^\s():]+):(?P<line>\d+):\d+\)?"
    ),
    re.compile(r"(?P<path>[\w./-]+\.\w+):(?P<line>\d+):(?:\d+:)?"),
    re.compile(r"(?P<path>[\w./-]+\.go):(?P<line>\d+)\b"),
    re.compile(r"(?P<path>[\w./-]+\.\w+)[(,]\s*(?:line )?(?P<line>\d+)\)?"),
)
_TELLING = re.compile(
    r"assert|error|expected|actual|exception|panic|fail|!==?|not equal|got\b|should|thrown", re.IGNORECASE
)
_NOISE = re.compile(
    r"^\s*(?:at |#\d+ |make(\[\d+\])?:|gcc |cc |g\+\+ |npm |ℹ |"
    r"# (?:tests|pass|fail|suites|cancel|skip|todo|dur))"
)


Lines = Mapping[str, frozenset[int]]
"""Numbers of lines by path."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A place in the workspace that a failure passed through."""

    path: str
    line: int
    function: str = ""


@dataclass(frozen=True, slots=True)
class FailedTest:
    """One test that fails; ``frames`` run from the test inwards."""

    name: str
    message: str
    frames: tuple[Frame, ...]
    lines: Lines = field(default_factory=dict)
    """Lines it ran, by path; empty where the run could not be watched."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A failing run, as far as its output could be parsed."""

    output: str
    seconds: float
    timed_out: bool
    failed: tuple[FailedTest, ...]
    passed_lines: tuple[Lines, ...] = ()
    """For each passing test the lines it ran."""
    outcomes: Mapping[str, str] = field(default_factory=dict)
    """How each test ended, by its name, as far as the run could be watched."""

    @property
    def watched(self) -> bool:
        """Whether the lines that the failing tests ran are known."""
        return any(test.lines for test in self.failed)

    @property
    def paths(self) -> set[str]:
        """The files whose lines the failing tests ran, and those their failures show."""
        ran = {path for test in self.failed for path in test.lines}
        return ran | {frame.path for test in self.failed for frame in test.frames}

    def suspicion(self) -> dict[str, dict[int, float]]:
        """Ochiai's measure for every line a failing test ran, 0 to 1, by path and line."""
        failing = [test.lines for test in self.failed if test.lines]
        scores: dict[str, dict[int, float]] = {}
        for path in {path for lines in failing for path in lines}:
            for line in frozenset().union(*(lines.get(path, frozenset()) for lines in failing)):
                bad = sum(line in lines.get(path, ()) for lines in failing)
                good = sum(line in lines.get(path, ()) for lines in self.passed_lines)
                scores.setdefault(path, {})[line] = bad / (len(failing) * (bad + good)) ** 0.5
        return scores


def read_output(output: str, known: frozenset[str]) -> FailedTest:
    """Diagnose a test run without line tracing, by source locations and error messages in its output.

    ``known`` holds the workspace's files by relative path; locations in other files are ignored.
    """
    frames: list[Frame] = []
    for line in output.splitlines():
        for pattern in _LOCATIONS:
            if match := pattern.search(line):
                path = among(match["path"], known)
                if path is not None:
                    name = match.groupdict().get("name") or ""
                    frames.append(Frame(path, int(match["line"]), name.rpartition(".")[2]))
                break
    return FailedTest("", _telling_lines(output), tuple(dict.fromkeys(frames))[:60])


def shorten(message: str) -> str:
    """The first lines of a failure's message, short enough for a small model."""
    lines = [line.rstrip() for line in message.strip().splitlines() if line.strip()]
    text = "\n".join(line[:200] for line in lines[:_MESSAGE_LINES])
    return text if len(text) <= _MESSAGE_CHARACTERS else text[: _MESSAGE_CHARACTERS - 1] + "…"


def _telling_lines(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip() and not _NOISE.match(line)]
    for index, line in enumerate(lines):
        if _TELLING.search(line):
            return shorten("\n".join(lines[index : index + _MESSAGE_LINES]))
    return shorten("\n".join(lines[-_MESSAGE_LINES:]))


def among(path: str, known: frozenset[str]) -> str | None:
    """The one of ``known`` that a program means by ``path``; None where there is none, or more than one."""
    path = path.removeprefix("./")
    if path in known:
        return path
    parts = path.strip("/").split("/")
    for start in range(len(parts)):
        tail = "/".join(parts[start:])
        if tail in known:
            return tail
    matches = [name for name in known if name.endswith("/" + parts[-1])]
    return matches[0] if len(matches) == 1 else None
