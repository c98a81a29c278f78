"""Small variations of one line that need no model: the neighbours of an operator, a number or a name.

They stand beside the model's answers, not in their place: a model this small hardly ever swaps ``min`` for
``max`` unasked, and a run of the tests costs less than an answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from seedsmith.agent.repair.answers import with_line
from seedsmith.agent.repair.questions import Question

_STRING = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'')
_SWAPS = (
    ("<=", "<"), (">=", ">"), ("==", "!="), ("+", "-"), ("+=", "-="), ("*", "/"), ("&&", "||"), ("&", "|"),
    ("and", "or"), ("True", "False"), ("true", "false"), ("min", "max"), ("any", "all"), ("is not", "is"),
    ("not in", "in"), ("append", "extend"), ("left", "right"), ("first", "last"), ("start", "end"),
    ("low", "high"), ("startswith", "endswith"), ("startsWith", "endsWith"), ("floor", "ceil"),
    ("keys", "values"), ("push", "unshift"), ("pop", "shift"), ("break", "continue"), ("lower", "upper"),
)  # fmt: skip
_MORE = (
    (r"(?<![\w.])not ", ""),
    (r"!(?=[\w(])", ""),
    (r"<(?![<=])", ">"),
    (r"(?<![-=])>(?![>=])", "<"),
    (r"\+\+(\w+)", r"\1++"),
    (r"(\w+)\+\+", r"++\1"),
    (r"(?<=\breturn )(\w+) - (\w+)", r"\2 - \1"),
)
_NAME = re.compile(r"(?<![\w.$])[A-Za-z_$][\w$]*(?!\w*\s*\()")
_KEYWORDS = frozenset(
    [
        "if",
        "elif",
        "else",
        "for",
        "while",
        "return",
        "def",
        "class",
        "in",
        "is",
        "not",
        "and",
        "or",
        "None",
        "True",
        "False",
        "self",
        "this",
        "const",
        "let",
        "var",
        "function",
        "async",
        "await",
        "yield",
        "lambda",
        "with",
        "as",
        "try",
        "except",
        "raise",
        "import",
        "from",
        "new",
        "int",
        "char",
        "long",
        "size_t",
        "bool",
        "void",
        "static",
        "struct",
        "unsigned",
        "double",
        "float",
        "true",
        "false",
        "null",
        "undefined",
        "case",
        "switch",
        "break",
        "continue",
        "pass",
        "assert",
        "del",
    ]
)
_MOST_OTHER_NAMES = 5


def varied(question: Question, text: str) -> list[str]:
    """The whole texts of a file for a question that asks no model."""
    number, around = question.line, question.suspect.region.lines
    if question.kind == "order":
        return order_variations(text, number)
    line = text.split("\n")[number - 1]
    found = operator_variations(line) if question.kind == "operators" else name_variations(line, around)
    return [with_line(text, number, new) for new in found]


def order_variations(text: str, number: int) -> list[str]:
    """The text with line ``number`` behind the next line, behind the one after that, or left out."""
    lines = text.split("\n")
    index = number - 1
    line, following = lines[index], lines[index + 1 : index + 3]
    found = [lines[:index] + lines[index + 1 :]]
    for step in range(1, len(following) + 1):
        if all(each.strip() for each in following[:step]):
            found.append(lines[:index] + following[:step] + [line] + lines[index + 1 + step :])
    return ["\n".join(each) for each in found]


def operator_variations(line: str) -> list[str]:
    """The line with one operator, word or number put for its neighbour, each way once."""
    return _distinct(line, _operators(line, _masked(line)))


def name_variations(line: str, around: Sequence[str]) -> list[str]:
    """The line with one name put for another of the lines ``around``, or one place moved by one."""
    return _distinct(line, _names(line, _masked(line), around))


def _operators(line: str, code: str) -> Iterator[str]:
    for one, other in _SWAPS:
        for old, new in ((one, other), (other, one)):
            for match in re.finditer(_whole(old), code):
                yield line[: match.start()] + new + line[match.end() :]
    for pattern, new in _MORE:
        for match in re.finditer(pattern, code):
            yield line[: match.start()] + match.expand(new) + line[match.end() :]
    for match in re.finditer(r"(?<![\w.])\d+(?![\w.])", code):
        number = int(match[0])
        for neighbour in (number + 1, number - 1):
            if neighbour >= 0:
                yield line[: match.start()] + str(neighbour) + line[match.end() :]


def _names(line: str, code: str, around: Sequence[str]) -> Iterator[str]:
    others = dict.fromkeys(
        name for text in around for name in _NAME.findall(_masked(text)) if name not in _KEYWORDS
    )
    for match in _NAME.finditer(code):
        if match[0] in _KEYWORDS:
            continue
        near = [name for name in others if name != match[0]][:_MOST_OTHER_NAMES]
        for name in near:
            yield line[: match.start()] + name + line[match.end() :]
    for match in re.finditer(r"(?<=[\w)\]])(?=\s*(?:[),\]:;]|$))", code):
        for step in (" + 1", " - 1"):
            yield line[: match.start()] + step + line[match.start() :]


def _whole(text: str) -> str:
    """A pattern for ``text`` as a word or operator of its own."""
    escaped = re.escape(text)
    if text[0].isalpha():
        return rf"(?<![\w$]){escaped}(?![\w$])"
    return rf"(?<![<>=!+\-*/&|]){escaped}(?![<>=+\-*/&|])"


def _masked(line: str) -> str:
    """The line with the insides of its strings blanked, so that only code is varied."""
    return _STRING.sub(lambda match: match[0][0] + " " * (len(match[0]) - 2) + match[0][-1], line)


def _distinct(line: str, found: Iterator[str]) -> list[str]:
    return [text for text in dict.fromkeys(found) if text != line]
