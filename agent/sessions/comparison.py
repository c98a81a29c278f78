"""How a replay differs from its recording, for people and for programs."""

from __future__ import annotations

import difflib
import json
from typing import Literal

from seedsmith.sandbox.lazy_dataclass import dataclass

DIFF_LINES = 40
_LONGEST_LINE = 300
_CONTEXT = 2
_COMPARED_LINES = 400
"""From the first difference on; more would take long and is not shown."""

Kind = Literal["request", "call", "result", "verification", "end"]


@dataclass(frozen=True, slots=True)
class Divergence:
    """One place where a replay does something else than its recording."""

    kind: Kind
    what: str
    """One sentence: which request, call or verification, and how it differs."""
    line: int
    """Of the recording."""
    expected: str
    got: str
    call: str | None = None
    """The call it is about; None where it is about none."""
    name: str = ""
    """That call's tool."""
    arguments: str = ""

    @property
    def diff(self) -> str:
        """Recorded against now, as a short unified diff."""
        return _short_diff(_lines(self.expected), _lines(self.got))


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a replay showed."""

    recording: str
    """The file."""
    requests: int
    """Requests that were answered from it."""
    recorded_requests: int
    calls: int
    """Calls whose results were compared."""
    status: str
    """How the replayed run ended."""
    recorded_status: str | None
    """How the recorded one did; None where it was killed."""
    workspace_agrees: bool
    """Whether the replay began with the workspace that was recorded."""
    divergences: tuple[Divergence, ...] = ()
    """In the order they were met, the first 20; all but the first may be its consequences."""
    diverged: int = 0
    """How many there were."""
    message: str = ""
    """The replayed run's own last words and evidence."""

    @property
    def agrees(self) -> bool:
        """Whether nothing diverged."""
        return not self.divergences

    @property
    def first(self) -> Divergence | None:
        """The first divergence."""
        return self.divergences[0] if self.divergences else None

    def summary(self) -> str:
        """What to tell a person: one sentence where it agrees, else also the first divergence."""
        done = f"{_count(self.requests, 'request')} and {_count(self.calls, 'call')}"
        if self.first is None:
            ended = "where the recording breaks off" if self.recorded_status is None else self.recorded_status
            return (
                f"The replay agrees with {self.recording}: {done}, and the run ended as recorded ({ended})."
            )
        more = self.diverged - 1
        after = f" {_count(more, 'more divergence')} followed." if more else ""
        where = "" if self.workspace_agrees else " The workspace was not the recorded one to begin with."
        return (
            f"The replay diverges at line {self.first.line} of {self.recording}: "
            f"{self.first.what}{after}{where}\n{self.first.diff}"
        ).rstrip()


def _short_diff(expected: list[str], got: list[str]) -> str:
    """Where the two first differ and what follows; later hunks stand behind an ellipsis."""
    pairs = enumerate(zip(expected, got, strict=False))
    same = next((at for at, (one, other) in pairs if one != other), min(len(expected), len(got)))
    start = max(0, same - _CONTEXT)
    end = start + _COMPARED_LINES
    found = difflib.unified_diff(expected[start:end], got[start:end], n=_CONTEXT, lineterm="")
    changed = ["…" if line.startswith("@@") else line for line in found][3:]
    lines = ["--- recorded", "+++ replayed", f"@@ line {start + 1} @@", *changed]
    cut = [line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}…" for line in lines]
    more = [f"({len(cut) - DIFF_LINES} more lines of diff)"] if len(cut) > DIFF_LINES else []
    return "\n".join(cut[:DIFF_LINES] + more) if changed else ""


def _lines(text: str) -> list[str]:
    """``text`` as lines to compare; JSON laid out, its long strings broken where they have line ends."""
    try:
        value = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict):
        text = json.dumps(value, ensure_ascii=False, indent=1).replace("\\n", "\n")
    return text.splitlines()


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
