"""Plans what a small model is asked, and in which order: many small, independent questions.

If a model is told that its answer still fails, it nearly always repeats the same wrong answer. So no question
continues a conversation; each shows the same suspects in another way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from seedsmith.agent.repair.suspects import Suspect

Kind = Literal["correct", "fill", "insert", "function", "body", "order", "operators", "names"]
"""``correct``: this line is wrong, write it anew. ``fill``: what belongs in the place of this line, which is
not shown. ``insert``: what belongs before this line. ``function``: write the function anew. ``body``: write
it without seeing it. ``order``, ``operators`` and ``names`` ask no model: variations of one line."""

_LONGEST_REWRITE = 60
"""Functions with more lines are only asked for single lines."""
_MOST_LINES = 24
_EDIT_SECONDS = 0.15
"""For making a change and undoing it."""
_IDLE = re.compile(
    r"\W*(?:(?:else|try|finally|do|pass|break|continue|class \w+)\W*)?|\s*(?:#(?!define)|//|/?\*|\"\"\").*"
)
"""A line with too little content to be wrong by itself."""


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to ask about one suspect."""

    suspect: Suspect
    kind: Kind
    line: int = 0
    """Which line of the file; 0 for ``function`` and ``body``."""
    temperature: float = 0.0
    seed: int = 1

    @property
    def asks(self) -> bool:
        """Whether a model is needed for it."""
        return self.kind not in ("order", "operators", "names")

    def describe(self) -> str:
        """The question in a few words, for people."""
        region = self.suspect.region
        what = {
            "correct": f"what is right in place of line {self.line}",
            "fill": f"what belongs in line {self.line}",
            "insert": f"what is missing before line {self.line}",
            "function": "write it without the bug",
            "body": "write it unseen",
        }.get(self.kind, f"other {self.kind} in line {self.line}")
        sample = f" (sample {self.seed})" if self.temperature else ""
        return f"{region.path}, {region.name or 'module level'}: {what}{sample}"


@dataclass(frozen=True, slots=True)
class _Step:
    """One kind of question about one suspect, with its measured success and cost."""

    kind: Kind
    finds: float
    """Share of bugs, with the right suspect, that it finds and the steps above it don't."""
    seconds: float
    """Of the model, on two cores: for each line of the suspect."""
    tries: float
    """Runs of the tests: for each line, or for the whole function."""
    temperature: float = 0.0
    seed: int = 1

    def worth(self, lines: int, test_seconds: float) -> float:
        """Expected success for each second, in a suspect of so many lines."""
        tries = self.tries if self.kind in ("function", "body") else lines * self.tries
        return self.finds / (lines * self.seconds + tries * (test_seconds + _EDIT_SECONDS))


_STEPS = (
    _Step("correct", 0.42, 0.7, 0.7),
    _Step("fill", 0.20, 1.3, 0.6),
    _Step("order", 0.06, 0.0, 1.6),
    _Step("body", 0.10, 0.6, 1.0),
    _Step("operators", 0.10, 0.0, 6.0),
    _Step("insert", 0.06, 1.3, 0.9),
    _Step("function", 0.06, 0.6, 2.0),
    *(_Step("correct", 0.05 / seed, 0.6, 0.5, temperature=0.8, seed=seed) for seed in range(1, 7)),
    *(_Step("body", 0.04 / seed, 0.6, 1.0, temperature=0.8, seed=seed) for seed in range(1, 5)),
    *(_Step("function", 0.04 / seed, 0.6, 2.0, temperature=0.8, seed=seed) for seed in range(1, 5)),
    *(_Step("fill", 0.03 / seed, 1.0, 0.5, temperature=0.8, seed=seed) for seed in range(1, 4)),
    _Step("names", 0.05, 0.0, 9.0),
)
"""The shares of greedy ``correct``, ``fill``, ``body`` and ``function`` follow what 1.5 B was seen to find
(``docs/local-model.md``), the seconds what its runs took; the other shares are estimates."""
_RANKS = (0.25, 0.24, 0.16, 0.09, 0.08, 0.06, 0.04, 0.03, 0.02, 0.02, 0.01, 0.01)
"""How often the fault lies in the first, second, … suspect: smoothed from the fix benchmark's 52 bugs. Later
suspects are not asked about."""


def plan(suspects: Sequence[Suspect], test_seconds: float) -> Iterator[Question]:
    """All questions, the most successful for their time first; ``test_seconds`` is the time of a test run."""
    steps: list[tuple[float, Suspect, _Step, list[int]]] = []
    for chance, suspect in zip(_RANKS, suspects, strict=False):
        lines = _worth_asking(suspect)
        for step in _STEPS:
            if lines and _fits(step, suspect):
                steps.append((chance * step.worth(len(lines), test_seconds), suspect, step, lines))
    for _, suspect, step, lines in sorted(steps, key=lambda each: -each[0]):
        for line in _places(step.kind, suspect, lines):
            yield Question(suspect, step.kind, line, step.temperature, step.seed)


def _fits(step: _Step, suspect: Suspect) -> bool:
    region = suspect.region
    if step.kind in ("function", "body"):
        return not suspect.single and region.is_function and 1 < len(region.lines) <= _LONGEST_REWRITE
    return True


def _places(kind: Kind, suspect: Suspect, lines: list[int]) -> list[int]:
    """The lines that a kind of question is asked about."""
    numbers = suspect.region.numbers
    match kind:
        case "function" | "body":
            return [0]
        case "insert":  # a block's closing line is no line to correct, but one to insert before
            wanted = {*lines, *(number + 1 for number in lines)}
            return [number for number in (*numbers[1:], numbers[-1] + 1) if number in wanted]
        case _:
            return lines


def _worth_asking(suspect: Suspect) -> list[int]:
    region = suspect.region
    head = region.numbers[0] if region.is_function and len(region.lines) > 1 else 0
    numbers = [
        number
        for number, text in zip(region.numbers, region.lines, strict=True)
        if number != head and _IDLE.fullmatch(text) is None
    ]
    ran = [number for number in numbers if number in suspect.lines]
    return sorted(ran or numbers, key=lambda n: (-suspect.lines.get(n, 0.0), n))[:_MOST_LINES]
