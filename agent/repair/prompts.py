"""How a question is put to a small model: as code to go on with, or as a function to write anew.

A model of this size follows a text better than an order. Told in a comment which line was wrong and left
at the start of the right one, it writes the right one more often than when it is asked for it, and sooner.
"""

from __future__ import annotations

import ast
import re
import textwrap
from pathlib import PurePosixPath

from seedsmith.agent.context.prompts import prompt
from seedsmith.agent.conversation import SystemMessage, UserMessage
from seedsmith.agent.models.base import Request
from seedsmith.agent.repair.answers import without_docstring
from seedsmith.agent.repair.functions import Region, is_python
from seedsmith.agent.repair.questions import Question
from seedsmith.sandbox.lazy_dataclass import dataclass

_LANGUAGES = {
    "js": "javascript",
    "mjs": "javascript",
    "cjs": "javascript",
    "ts": "typescript",
    "tsx": "typescript",
    "mts": "typescript",
    "cts": "typescript",
    "h": "c",
    "cc": "cpp",
    "cxx": "cpp",
    "hpp": "cpp",
    "rs": "rust",
    "kt": "kotlin",
    "cs": "csharp",
}
_MOST_SHOWN, _SHOWN_STEP = 70, 30
_BEFORE, _AFTER, _MOST_AFTER = 20, 15, 40
"""Lines shown around a function, and of a function after a gap."""
_FAILURE_LINES = 2
_LINE_TOKENS = 80
_PURPOSE_CHARACTERS = 600
_GAP = ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>")
"""How Qwen2.5-Coder is shown a text with a gap (docs/model-service.md, "The local model")."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it is sent."""

    request: Request
    shown: str = ""
    """For ``function``: the function as the model sees it."""
    first: int = 0
    """For ``body``: the line where the body begins, its indentation given."""


def word(question: Question, failure: str, text: str) -> Asked | None:
    """Word a question as one request of its own; None where it does not fit its suspect.

    ``failure`` is the failing test's message, ``text`` the suspect's whole file.
    """
    match question.kind:
        case "correct":
            return Asked(_one_line(question, _correct(question, failure)))
        case "fill" | "insert":
            return Asked(_one_line(question, _gap_at(question, text.split("\n"))))
        case "body":
            return _body(question, text.split("\n"))
        case _:
            return _function(question, failure)


def body_start(region: Region) -> int | None:
    """The line of the file where a function's body begins, its docstring left out; None: not known."""
    if is_python(region.path):
        try:
            node = ast.parse(textwrap.dedent(region.source)).body[0]
        except (SyntaxError, ValueError, IndexError):
            return None
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return None
        first = 1 if ast.get_docstring(node) and len(node.body) > 1 else 0
        index = node.body[first].lineno - 1
    else:
        opened = (n for n, line in enumerate(region.lines) if line.rstrip().endswith("{"))
        index = next(opened, len(region.lines)) + 1
    return region.numbers[index] if 0 < index < len(region.lines) else None


def _correct(question: Question, failure: str) -> str:
    region = question.suspect.region
    lines = dict(zip(region.numbers, region.lines, strict=True))
    numbers = _shown_numbers(question)
    comment = "#" if _language(region) in ("python", "ruby") else "//"
    told = [f"{comment} {line}".rstrip() for line in failure.splitlines()[:_FAILURE_LINES]]
    before = prompt(
        "repair-correct.md",
        comment=comment,
        failure="\n".join(told),
        source="\n".join(lines[number] for number in numbers),
        before="\n".join(lines[number] for number in numbers if number < question.line),
    )
    indent = _indent(lines[question.line])
    wrong = lines[question.line].strip()
    return f"{before.rstrip()}\n{indent}{comment} wrong: {wrong}\n{indent}{comment} right:\n{indent}"


def _gap_at(question: Question, lines: list[str]) -> str:
    """The file around a line that is left out, or around the place before it."""
    index = question.line - 1
    rest = index + 1 if question.kind == "fill" else index
    end = max(question.suspect.region.numbers[-1], rest + 3)
    indent = _indent(lines[index]) if question.kind == "fill" else ""
    before = _before(question, lines[:index])
    return (
        _GAP[0]
        + before
        + indent
        + _GAP[1]
        + "\n"
        + "\n".join(lines[rest : min(end, rest + _MOST_AFTER)])
        + _GAP[2]
    )


def _before(question: Question, lines: list[str]) -> str:
    """What stands before a gap, always from the same line on: what was read once need not be read again."""
    first = question.suspect.region.numbers[0] - 1
    if len(lines) - first > _MOST_SHOWN:
        first = len(lines) // _MOST_AFTER * _MOST_AFTER - _MOST_AFTER
    return "".join(line + "\n" for line in lines[max(0, first - _BEFORE) :])


def _body(question: Question, lines: list[str]) -> Asked | None:
    region = question.suspect.region
    start = body_start(region)
    if start is None:
        return None
    end = region.numbers[-1] - (0 if is_python(region.path) else 1)
    before = _before(question, lines[: start - 1])
    text = _GAP[0] + before + _indent(lines[start - 1]) + _GAP[1] + "\n"
    text += "\n".join(lines[end : end + _AFTER]) + _GAP[2]
    length = 60 + sum(len(line) for line in lines[start - 1 : end]) // 2
    return Asked(_request(question, length, continue_text=text), first=start)


def _function(question: Question, failure: str) -> Asked:
    region = question.suspect.region
    stripped, docstring = without_docstring(region)
    purpose = f"{prompt('repair-purpose.md', text=docstring[:_PURPOSE_CHARACTERS])}\n" if docstring else ""
    text = prompt(
        "repair-function.md",
        source=stripped,
        language=_language(region),
        purpose=purpose,
        failure=prompt("repair-failure.md", text=failure) if failure else "",
    )
    length = 80 + len(stripped) // 2  # twice what the function takes, at about four characters a token
    items = (SystemMessage(prompt("repair-system.md").strip()), UserMessage(text.strip()))
    return Asked(_request(question, length, items, stop=["\n```\n"]), stripped)


def _one_line(question: Question, text: str) -> Request:
    return _request(question, _LINE_TOKENS, continue_text=text, stop=["\n"])


def _request(
    question: Question,
    max_output_tokens: int,
    items: tuple[SystemMessage | UserMessage, ...] = (),
    continue_text: str = "",
    **more: object,
) -> Request:
    sampling = {"temperature": question.temperature, "seed": question.seed, **more}
    return Request(items, max_output_tokens=max_output_tokens, sampling=sampling, continue_text=continue_text)


def _language(region: Region) -> str:
    if is_python(region.path):
        return "python"
    suffix = PurePosixPath(region.path).suffix[1:]
    return _LANGUAGES.get(suffix, suffix)


def _indent(line: str) -> str:
    found = re.match(r"[ \t]*", line)
    return found[0] if found else ""


def _shown_numbers(question: Question) -> list[int]:
    """The region's lines, or of a long one those around the line in question: the same for many lines."""
    numbers = question.suspect.region.numbers
    middle = numbers.index(question.line) // _SHOWN_STEP * _SHOWN_STEP + _SHOWN_STEP // 2
    first = max(0, min(middle - _MOST_SHOWN // 2, len(numbers) - _MOST_SHOWN))
    return list(numbers[first : first + _MOST_SHOWN])
