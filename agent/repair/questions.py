"""Plans what a small model is asked and what is tried without it, and in which order: many small, independent
questions.

If a model is told that its answer still fails, it nearly always repeats the same wrong answer. So no question
continues a conversation; each shows the same suspects in another way.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Literal

from seedsmith.agent.repair.functions import Region
from seedsmith.agent.repair.suspects import Suspect
from seedsmith.agent.repair.syntax import syntax_of
from seedsmith.agent.repair.variations import MOST_LIKELY, Variation, variations_of
from seedsmith.sandbox.lazy_dataclass import dataclass

Kind = Literal["correct", "fill", "insert", "function", "body"]
"""``correct``: this line is wrong, write it anew. ``fill``: what belongs in the place of this line, which is
not shown. ``insert``: what belongs before this line. ``function``: write the function anew. ``body``: write
it without seeing it."""

_LONGEST_REWRITE = 60
"""Functions with more lines are only asked for single lines."""
_MOST_LINES = 24
_VARIED_LINES = 60
_VARIED = 0.45
"""Share of bugs, with the right line, of which a variation is the fix."""
_IDLE = re.compile(
    r"\W*(?:(?:else|try|finally|do|pass|break|continue|class \w+)\W*)?|\s*(?:#(?!define)|//|/?\*|\"\"\").*"
    r"|\s*(?:pub(?:\([^()]*\))?\s+)?(?:(?:impl\b|use |mod |trait |package |extern )[^()=]*"
    r"|(?:type |struct |enum )[\w<>\[\], ]*(?:(?:struct|interface)\s*)?\{)\W*"
)
"""A line with too little content to be wrong by itself."""


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to ask about one suspect."""

    suspect: Suspect
    kind: Kind
    line: int = 0
    """Which line of the file; 0 for ``function`` and ``body``."""
    others: tuple[int, int] = (0, 0)
    """Which of the model's next likeliest answers to try besides: from the first of these to the second."""
    temperature: float = 0.0
    seed: int = 1

    def describe(self) -> str:
        """The question in a few words, for people."""
        region = self.suspect.region
        what = {
            "correct": f"what is right in place of line {self.line}",
            "fill": f"what belongs in line {self.line}",
            "insert": f"what is missing before line {self.line}",
            "function": "write it without the bug",
            "body": "write it unseen",
        }[self.kind]
        sample = f" (sample {self.seed})" if self.temperature else " (others)" if self.others[1] else ""
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
    others: tuple[int, int] = (0, 0)
    temperature: float = 0.0
    seed: int = 1

    def worth(self, lines: int, trial_seconds: float) -> float:
        """Expected success for each second, in a suspect of so many lines."""
        tries = self.tries if self.kind in ("function", "body") else lines * self.tries
        return self.finds / (lines * self.seconds + tries * trial_seconds)


_STEPS = (
    _Step("correct", 0.42, 0.7, 0.7),
    _Step("fill", 0.20, 1.3, 0.6),
    _Step("body", 0.10, 0.6, 1.0),
    _Step("insert", 0.06, 1.3, 0.9),
    _Step("function", 0.06, 0.6, 2.0),
    _Step("correct", 0.10, 1.2, 1.4, others=(0, 2)),
    _Step("fill", 0.10, 1.2, 1.4, others=(0, 2)),
    _Step("correct", 0.05, 1.8, 2.5, others=(2, 6)),
    *(_Step("body", 0.04 / seed, 0.6, 1.0, temperature=0.8, seed=seed) for seed in range(1, 5)),
    *(_Step("function", 0.04 / seed, 0.6, 2.0, temperature=0.8, seed=seed) for seed in range(1, 5)),
)
"""The shares of ``correct``, ``fill``, ``body`` and greedy ``function`` follow what 1.5 B was seen to find
(``docs/local-model.md``), the seconds what its runs took; the other shares are estimates."""
_RANKS = (0.25, 0.24, 0.16, 0.09, 0.08, 0.06, 0.04, 0.03, 0.02, 0.02, 0.01, 0.01)
"""How often the fault lies in the first, second, … suspect: smoothed from the fix benchmark's 52 bugs. Later
suspects are not asked about."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A change to try without asking."""

    path: str
    variation: Variation


def plan(
    suspects: Sequence[Suspect], trial_seconds: float, read: Callable[[str], str | None]
) -> Iterator[Question | Trial]:
    """All questions and variations, the most successful for their time first.

    ``trial_seconds`` is what trying a change takes; ``read`` returns a file's text.
    """
    order = count()
    waiting: list[tuple[float, int, Question | Trial | _Varied]] = []
    for chance, suspect in zip(_RANKS, suspects, strict=False):
        lines = worth_asking(suspect)
        for step in _STEPS:
            if lines and _fits(step, suspect):
                worth = chance * step.worth(len(lines), trial_seconds)
                for line in _places(step.kind, suspect, lines):
                    question = Question(suspect, step.kind, line, step.others, step.temperature, step.seed)
                    waiting.append((-worth, next(order), question))
        varied = worth_asking(suspect, _VARIED_LINES)
        shares = _shares(suspect, varied)
        for line, share in zip(varied, shares, strict=True):
            most = chance * share * _VARIED / trial_seconds
            waiting.append((-most * MOST_LIKELY, next(order), _Varied(suspect, line, most)))
    heapq.heapify(waiting)
    while waiting:
        _, _, first = heapq.heappop(waiting)
        if not isinstance(first, _Varied):
            yield first
            continue
        region = first.suspect.region
        for variation in variations_of(region, (read(region.path) or "").split("\n"), first.line):
            trial = Trial(region.path, variation)
            heapq.heappush(waiting, (-first.worth * variation.chance, next(order), trial))


@dataclass(frozen=True, slots=True)
class _Varied:
    """A line whose variations were not made yet."""

    suspect: Suspect
    line: int
    worth: float
    """Of a variation that is surely the right one, if the line is wrong."""


def _shares(suspect: Suspect, lines: Sequence[int]) -> list[float]:
    """How likely each of the lines is the wrong one of its suspect; together 1."""
    scores = [suspect.lines.get(line, 0.0) for line in lines]
    if not any(scores):
        return [1 / len(lines) for _ in lines]
    return [score / sum(scores) for score in scores]


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


def _may_be_wrong(region: Region, text: str) -> bool:
    """Whether a line outside functions gives a value: in Go and Rust what gives none declares types alone."""
    return region.is_function or not syntax_of(region.path).bare or re.search(r"[=\d\"']", text) is not None


def worth_asking(suspect: Suspect, most: int = _MOST_LINES) -> list[int]:
    """The lines of a suspect that may be wrong by themselves, the most suspicious first."""
    region = suspect.region
    head = region.numbers[0] if region.is_function and len(region.lines) > 1 else 0
    numbers = [
        number
        for number, text in zip(region.numbers, region.lines, strict=True)
        if number != head and _IDLE.fullmatch(text) is None and _may_be_wrong(region, text)
    ]
    ran = [number for number in numbers if number in suspect.lines]
    return sorted(ran or numbers, key=lambda n: (-suspect.lines.get(n, 0.0), n))[:most]
