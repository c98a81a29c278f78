"""What a small model is asked, and in which order: many small questions, each answered afresh.

A wrong answer followed by "it still fails" is nearly always answered with the same wrong answer, so no
question continues a conversation; every one is a new view of the same suspects.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal

from agent.conversation import SystemMessage, UserMessage
from agent.models.base import Request
from agent.prompts import prompt
from agent.repair.answers import without_docstring
from agent.repair.suspects import Suspect

_LANGUAGES = {
    "py": "python",
    "pyi": "python",
    "js": "javascript",
    "mjs": "javascript",
    "cjs": "javascript",
    "ts": "typescript",
    "tsx": "typescript",
    "h": "c",
    "cc": "cpp",
    "cxx": "cpp",
    "hpp": "cpp",
    "rs": "rust",
    "kt": "kotlin",
    "cs": "csharp",
}
_LONGEST_REWRITE = 60
"""Functions with more lines are only asked for single lines."""
_MOST_SHOWN = 70
_MOST_LINES = 24
_IDLE = re.compile(
    r"\W*(?:(?:else|try|finally|do|pass|break|continue|class \w+)\W*)?|\s*(?:#(?!define)|//|/?\*|\"\"\").*"
)
"""A line that says too little to be wrong by itself."""
_PURPOSE_CHARACTERS = 600


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to ask about one suspect."""

    suspect: Suspect
    kind: Literal["function", "which", "line", "operators", "names"]
    """``operators`` and ``names`` ask no model: variations of one line."""
    failure: bool = True
    """Whether the failing test's message is shown."""
    line: int = 0
    """For ``line``: which."""
    temperature: float = 0.0
    seed: int = 1
    hint: str = ""
    """For ``line``: the kind of fault to think of."""

    @property
    def asks(self) -> bool:
        """Whether a model is needed for it."""
        return self.kind not in ("operators", "names")

    def describe(self) -> str:
        """What is asked, in a few words for people."""
        region = self.suspect.region
        what = {"function": "rewrite", "which": "which line of"}.get(self.kind, f"line {self.line} of")
        if not self.asks:
            what = f"other {self.kind} in {what}"
        how = "" if self.failure else ", the failure not shown"
        again = f", sample {self.seed}" if self.temperature else f": perhaps {self.hint}" if self.hint else ""
        return f"{what} {region.name or 'module level'} ({region.path}{how}{again})"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it is sent."""

    request: Request
    shown: str
    """For ``function``: the function as the model sees it."""


def plan(suspects: Sequence[Suspect]) -> Iterator[Question]:
    """All questions, those first that find most for their time; ends after some hundred.

    Measured with 1.5 B on 26 single wrong lines (``docs/local-model.md``): told which line it is, one greedy
    answer holds the right one for 8 of them, four samples for 12. A hint at a kind of fault finds others.
    """
    functions = [s for s in suspects if s.region.is_function and len(s.region.lines) <= _LONGEST_REWRITE]
    for suspect in functions[:4]:
        yield Question(suspect, "function")
    for suspect in suspects[:5]:
        yield Question(suspect, "which")
    yield from _vary(suspects[:4], "operators")
    yield from _sweep(suspects[:4], hints=[""])
    for suspect in functions[4:6]:
        yield Question(suspect, "function")
    yield from _vary(suspects[4:10], "operators")
    for suspect in functions[:4]:
        yield Question(suspect, "function", failure=False)
    for suspect in functions[:4]:
        yield Question(suspect, "function", temperature=0.8, seed=1)
    hints = [hint.strip() for hint in prompt("repair-hints.md").splitlines()]
    yield from _sweep(suspects[:3], hints=hints)
    for suspect in suspects[:5]:
        yield Question(suspect, "which", failure=False)
    yield from _vary(suspects[:3], "names")
    yield from _sweep(suspects[4:8], hints=[""])
    for suspect in functions[6:12]:
        yield Question(suspect, "function")
    yield from _sweep(suspects[:3], samples=range(1, 4))
    yield from _sweep(suspects[3:6], hints=hints)
    for seed in range(2, 5):
        for suspect in functions[:4]:
            yield Question(suspect, "function", failure=seed % 2 == 0, temperature=0.8, seed=seed)
    yield from _sweep(suspects[:6], samples=range(4, 9))


def _sweep(
    suspects: Sequence[Suspect], *, hints: Sequence[str] = (), samples: range = range(0)
) -> Iterator[Question]:
    """Every line of each suspect in turn, the most suspicious first.

    Each is asked greedily with every one of ``hints`` (an empty one is none), and sampled with each seed of
    ``samples``.
    """
    for suspect in suspects:
        for number in _worth_asking(suspect):
            for hint in hints:
                yield Question(suspect, "line", line=number, hint=hint)
            for seed in samples:
                yield Question(suspect, "line", line=number, temperature=1.0, seed=seed)


def _vary(suspects: Sequence[Suspect], kind: Literal["operators", "names"]) -> Iterator[Question]:
    for suspect in suspects:
        for number in _worth_asking(suspect):
            yield Question(suspect, kind, line=number)


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


def ask(question: Question, failure: str) -> Asked:
    """Word a question as one request of its own."""
    region = question.suspect.region
    stripped, docstring = without_docstring(region)
    purpose = f"{prompt('repair-purpose.md', text=docstring[:_PURPOSE_CHARACTERS])}\n" if docstring else ""
    shown_failure = prompt("repair-failure.md", text=failure) if question.failure and failure else ""
    suffix = PurePosixPath(region.path).suffix[1:]
    values = {
        "language": _LANGUAGES.get(suffix, suffix),
        "purpose": purpose,
        "failure": shown_failure,
    }
    if question.kind == "function":
        text = prompt("repair-function.md", source=stripped, **values)
        length = 80 + len(stripped) // 2  # twice what the function takes, at about four characters a token
        return Asked(_request(text, question, length, {"stop": ["\n```\n"]}), stripped)
    numbers = _shown_numbers(question)
    by_number = dict(zip(region.numbers, region.lines, strict=True))
    source = "\n".join(f"{number:>4} {by_number[number]}" for number in numbers)
    if question.kind == "which":
        asked = prompt("repair-which.md")
    else:
        numbers = [question.line]
        hint = f" Perhaps {question.hint}." if question.hint else ""
        line = by_number[question.line].strip()
        asked = prompt("repair-line.md", number=str(question.line), line=line, hint=hint)
    text = prompt("repair-lines.md", source=source, question=asked, **values)
    return Asked(_request(text, question, 120, {"response_format": _one_line_schema(numbers)}), "")


def _shown_numbers(question: Question) -> list[int]:
    """The region's lines, or of a long one those around its most suspicious."""
    region, lines = question.suspect.region, question.suspect.lines
    if len(region.numbers) <= _MOST_SHOWN:
        return list(region.numbers)
    centre = question.line or max(region.numbers, key=lambda n: (lines.get(n, 0.0), -n))
    index = region.numbers.index(centre)
    first = max(0, min(index - _MOST_SHOWN // 2, len(region.numbers) - _MOST_SHOWN))
    return list(region.numbers[first : first + _MOST_SHOWN])


def _one_line_schema(numbers: list[int]) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {"line": {"enum": numbers}, "new": {"type": "string"}},
        "required": ["line", "new"],
        "additionalProperties": False,
    }
    return {"type": "json_schema", "json_schema": {"name": "change", "schema": schema}}


def _request(text: str, question: Question, max_output_tokens: int, more: dict[str, Any]) -> Request:
    return Request(
        (SystemMessage(prompt("repair-system.md").strip()), UserMessage(text.strip())),
        max_output_tokens=max_output_tokens,
        sampling={"temperature": question.temperature, "seed": question.seed, **more},
    )
