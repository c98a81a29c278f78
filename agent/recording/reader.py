"""Reads a recording: its head, its requests and answers, its calls, and how the run ended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from seedsmith.agent.recording.body_difference import Difference, restored
from seedsmith.agent.recording.errors import RecordingError
from seedsmith.agent.recording.format import (
    VERSION,
    CallLine,
    DoneLine,
    FinishLine,
    Head,
    Line,
    ResponseLine,
    VerifyLine,
    text_of,
)
from seedsmith.sandbox.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """One request and its answer."""

    n: int
    """From 1."""
    line: int
    """Its line in the file, from 1."""
    path: str
    body: str | None
    """None if the recording leaves it out; then it is not compared."""
    response: ResponseLine | None
    """None if the recording ends before the answer does."""


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """One call and its result."""

    line: int
    call: CallLine
    done: DoneLine | None
    """None if the recording ends before the call does."""
    done_line: int
    """0 if there is none."""


@dataclass(frozen=True, slots=True)
class RecordedVerification:
    """One run of the verification command."""

    line: int
    verification: VerifyLine


@dataclass(frozen=True, slots=True)
class Recording:
    """A whole recording; made by :meth:`read`."""

    path: Path
    head: Head
    requests: tuple[RecordedRequest, ...]
    """In the order they were sent."""
    calls: tuple[RecordedCall, ...]
    """In the order they were asked for."""
    verifications: tuple[RecordedVerification, ...]
    measured: tuple[float, ...]
    """Measured times that the run's decisions depended on, in seconds."""
    found: Mapping[str, Mapping[int, float]]
    """What experiments said of lines, by path and number."""
    recent: Mapping[str, Mapping[int, float]]
    """How new lines were, by path and number."""
    finish: FinishLine | None
    """None if the run was killed while it was recorded."""
    last_line: int

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read ``path``; an incomplete last line is ignored.

        Raises :class:`RecordingError`, which names the line, if anything else is damaged.
        """
        try:
            content = path.read_bytes()
        except OSError as error:
            raise RecordingError(f"Can't read the recording {path}: {error.strerror}.") from error
        *lines, torn = content.split(b"\n")
        if not lines:
            empty = "is empty" if not torn else "holds no whole line"
            raise RecordingError(f"{path} is no recording: it {empty}.")
        reader = _Reader(path)
        for number, line in enumerate(lines, 1):
            reader.take(number, line)
        return cls(
            path,
            reader.head,
            tuple(
                RecordedRequest(n, at, where, body, reader.responses.get(n))
                for n, at, where, body in reader.requests
            ),
            tuple(RecordedCall(at, call, *reader.done.get(call.id, (None, 0))) for at, call in reader.calls),
            tuple(reader.verifications),
            tuple(reader.measured),
            reader.found,
            reader.recent,
            reader.finish,
            len(lines),
        )


class _Reader:
    """Takes a recording's lines one by one."""

    def __init__(self, path: Path) -> None:
        self.head: Head
        self.requests: list[tuple[int, int, str, str | None]] = []
        self.responses: dict[int, ResponseLine] = {}
        self.calls: list[tuple[int, CallLine]] = []
        self.done: dict[str, tuple[DoneLine, int]] = {}
        self.verifications: list[RecordedVerification] = []
        self.measured: list[float] = []
        self.found: dict[str, dict[int, float]] = {}
        self.recent: dict[str, dict[int, float]] = {}
        self.finish: FinishLine | None = None
        self._path = path
        self._body = ""

    def take(self, number: int, text: bytes) -> None:
        try:
            line = json.loads(text)
            if not isinstance(line, dict):
                raise TypeError("it holds no JSON object")
            if number == 1:
                self._take_head(line)
            else:
                self._take(number, line)
        except RecordingError:
            raise
        except KeyError as error:
            raise self._damaged(number, f"{error.args[0]!r} is missing") from error
        except json.JSONDecodeError as error:
            raise self._damaged(number, f"not JSON at column {error.colno} ({error.msg})") from error
        except RecursionError as error:
            raise self._damaged(number, "it is nested too deeply") from error
        except (TypeError, ValueError, OverflowError) as error:
            raise self._damaged(number, str(error)) from error

    def _take_head(self, line: Line) -> None:
        if line.get("kind") != "head":
            raise RecordingError(f"{self._path} is no recording: its first line is no head.")
        version = line["version"]
        if version != VERSION:
            raise RecordingError(
                f"{self._path} has version {version!r} of the format, and this program reads {VERSION}: "
                f"replay it with seedsmith {line.get('seedsmith', 'of its time')}."
            )
        self.head = Head.from_json(line)

    def _take(self, number: int, line: Line) -> None:
        match line["kind"]:
            case "request":
                self._take_request(number, line)
            case "response":
                response = ResponseLine.from_json(line)
                if not 1 <= response.n <= len(self.requests):
                    raise ValueError(f"there is no request {response.n} before it")
                self.responses[response.n] = response
            case "calls":
                self.calls += [(number, CallLine.from_json(call)) for call in line["calls"]]
            case "done":
                done = DoneLine.from_json(line)
                self.done[done.call] = (done, number)
            case "verify":
                self.verifications.append(RecordedVerification(number, VerifyLine.from_json(line)))
            case "measured":
                self.measured.append(float(line["seconds"]))
            case "found" | "recent" as kind:
                scores = self.found if kind == "found" else self.recent
                for path, number_of_line, score in line["lines"]:
                    scores.setdefault(str(path), {})[int(number_of_line)] = float(score)
            case "finish":
                self.finish = FinishLine.from_json(line)
            case _:  # intended, notice, and what a later program adds: nothing a replay goes by
                pass

    def _take_request(self, number: int, line: Line) -> None:
        expected = len(self.requests) + 1
        if line["n"] != expected:
            raise ValueError(f"request {line['n']!r} stands where {expected} is due")
        if "middle" not in line and self.head.portable:
            self.requests.append((expected, number, text_of(line["path"]), None))
            return
        change = Difference(int(line["prefix"]), text_of(line["middle"]), int(line["suffix"]))
        self._body = restored(self._body, change)
        self.requests.append((expected, number, text_of(line["path"]), self._body))

    def _damaged(self, number: int, why: str) -> RecordingError:
        return RecordingError(f"Line {number} of {self._path} is damaged: {why}.")
