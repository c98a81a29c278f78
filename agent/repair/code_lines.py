"""Lines of code as tokens, expressions and statements, alike for the languages with braces and for Python.

Enough for changing a line in small ways; whether what comes of it is a program is for its parser to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Literal

from seedsmith.agent.repair.syntax import Syntax
from seedsmith.sandbox.lazy_dataclass import dataclass

TokenKind = Literal["name", "number", "string", "sign"]

_STRING = r"""(?:[rbfuRBFU]{1,2}(?=["']))?(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`)"""
_SIGN = (
    r"===|!==|\.\.=|\*\*=|//=|>>>|<<=|>>=|\?\?=|\?\?|\?\.|&&|\|\||=>|->|:=|==|!=|<=|>=|\+\+|--|\*\*|//|<<|>>"
    r"|[-+*/%&|^@]=|\.\.\.|\.\.|[^\s\w]"
)
_TOKEN = re.compile(
    rf"(?P<string>{_STRING})|(?P<number>\d(?:\w|\.(?!\.))*)|(?P<name>[A-Za-z_$][\w$]*)|(?P<sign>{_SIGN})"
)
_TOKEN_WITH_PATHS = re.compile(_TOKEN.pattern.replace("(?P<sign>", "(?P<sign>::|"))
"""In Python two colons are a slice's."""
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_POSTFIX = frozenset({".", "->", "?.", "::"})


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a line."""

    kind: TokenKind
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Line:
    """One line of a file, its comment left out."""

    text: str
    syntax: Syntax
    code: str | None = None
    """The text with blanks in place of what is no code, as types are; None where that is nothing."""

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """Its pieces, in order."""
        found: list[Token] = []
        code = self.text if self.code is None else self.code
        for match in (_TOKEN if self.syntax.python else _TOKEN_WITH_PATHS).finditer(code):
            kind = match.lastgroup
            assert kind is not None
            if match[0] == "#" and self.syntax.python:
                break
            if not self.syntax.python and match[0] == "//":
                break
            found.append(Token(kind, match[0], *match.span()))  # type: ignore[arg-type]
        return tuple(found)

    @property
    def indent(self) -> str:
        """The white space before its first piece."""
        return self.text[: len(self.text) - len(self.text.lstrip())]

    def put(self, first: int, last: int, new: str) -> str:
        """The line with ``new`` in place of the tokens ``first`` up to, not including, ``last``."""
        return self.text[: self.tokens[first].start] + new + self.text[self.tokens[last - 1].end :]

    def piece(self, first: int, last: int) -> str:
        """The text of the tokens ``first`` up to, not including, ``last``."""
        return self.text[self.tokens[first].start : self.tokens[last - 1].end]

    def closing(self, opening: int) -> int | None:
        """The index of the token that closes the bracket at ``opening``; None if it is not there."""
        depth = 0
        for index in range(opening, len(self.tokens)):
            text = self.tokens[index].text
            if text in _CLOSING:
                depth += 1
            elif text in _CLOSING.values():
                depth -= 1
                if not depth:
                    return index
        return None

    def is_keyword(self, token: Token) -> bool:
        """Whether a piece is a word of the language and no value."""
        return token.text in self.syntax.keywords and token.text not in self.syntax.values

    @cached_property
    def operands(self) -> tuple[tuple[int, int], ...]:
        """Names, literals and what is reached from them by dots, calls and subscripts: token spans."""
        found: list[tuple[int, int]] = []
        for index, token in enumerate(self.tokens):
            if token.kind == "sign" or self.is_keyword(token):
                continue
            if index and self.tokens[index - 1].text in _POSTFIX:
                continue
            ends = list(self._ends(index))
            found += [(index, end) for end in dict.fromkeys((ends[-1], *ends[-3:-1]))]
        return tuple(found)

    def _ends(self, start: int) -> Iterator[int]:
        """Where an operand that begins at ``start`` may end, the shortest first."""
        end = start + 1
        yield end
        while end < len(self.tokens):
            text = self.tokens[end].text
            if text in _POSTFIX and end + 1 < len(self.tokens):
                end += 2
            elif text in ("(", "["):
                closing = self.closing(end)
                if closing is None:
                    return
                end = closing + 1
            else:
                return
            yield end

    def arguments(self, opening: int) -> list[tuple[int, int]]:
        """The spans between the commas of the bracket at ``opening``; empty where it is not closed."""
        closing = self.closing(opening)
        if closing is None or closing == opening + 1:
            return []
        spans: list[tuple[int, int]] = []
        depth, start = 0, opening + 1
        for index in range(opening + 1, closing):
            text = self.tokens[index].text
            depth += (text in _CLOSING) - (text in _CLOSING.values())
            if text == "," and not depth:
                spans.append((start, index))
                start = index + 1
        spans.append((start, closing))
        return [span for span in spans if span[1] > span[0]]

    @cached_property
    def condition(self) -> tuple[int, int] | None:
        """The tokens of what an ``if``, ``while`` or ``return`` decides or returns; None for other lines."""
        heads = ("if", "elif", "while", "return")
        start = next((n for n, token in enumerate(self.tokens[:4]) if token.text in heads), None)
        if start is None:
            return None
        last = len(self.tokens)
        if self.tokens[start].text == "return":
            last -= self.tokens[-1].text == ";"
            return (start + 1, last) if last > start + 1 else None
        if self.syntax.python:
            last -= self.tokens[-1].text == ":"
            return (start + 1, last) if last > start + 1 else None
        if self.syntax.bare:
            return self._bare_condition(start + 1)
        if start + 1 < last and self.tokens[start + 1].text == "(":
            closing = self.closing(start + 1)
            if closing is not None and closing > start + 2:
                return start + 2, closing
        return None

    def _bare_condition(self, first: int) -> tuple[int, int] | None:
        """A condition between ``if`` and the block's brace, without what Go declares before it."""
        texts = [token.text for token in self.tokens]
        last = len(texts) - 1 - texts[::-1].index("{") if "{" in texts else len(texts)
        if "=>" in texts[first:last]:
            last = texts.index("=>", first)
        if ";" in texts[first:last]:
            first = last - texts[first:last][::-1].index(";")
        return (first, last) if last > first and texts[first] != "let" else None

    @cached_property
    def atoms(self) -> tuple[tuple[int, int], ...]:
        """The parts of the condition that ``and`` and ``or`` join."""
        if self.condition is None:
            return ()
        first, last = self.condition
        spans: list[tuple[int, int]] = []
        depth, start = 0, first
        for index in range(first, last):
            text = self.tokens[index].text
            depth += (text in _CLOSING) - (text in _CLOSING.values())
            if not depth and text in ("and", "or", "&&", "||"):
                spans.append((start, index))
                start = index + 1
        spans.append((start, last))
        return tuple(span for span in spans if span[1] > span[0])


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with all that is nested in it: lines ``first`` up to, not including, ``last``, from 0."""

    first: int
    last: int
    indent: int


_CONTINUES = re.compile(r"\s*(?:\}?\s*(?:else|elif|except|finally|catch|case|default)\b|[\]})])")


def statement_at(lines: Sequence[str], first: int) -> Statement | None:
    """The statement that begins at line ``first``, by its indentation; None where none begins there."""
    text = lines[first]
    if not text.strip() or _CONTINUES.match(text):
        return None
    indent = indent_width(text)
    last = first + 1
    ahead = last
    while ahead < len(lines):
        following = lines[ahead]
        if following.strip():
            if indent_width(following) <= indent and not (
                indent_width(following) == indent and _CONTINUES.match(following)
            ):
                break
            last = ahead + 1
        ahead += 1
    return Statement(first, last, indent)


def following(lines: Sequence[str], statement: Statement) -> Statement | None:
    """The next statement of the same block."""
    index = statement.last
    while index < len(lines) and not lines[index].strip():
        index += 1
    if index >= len(lines) or indent_width(lines[index]) != statement.indent:
        return None
    return statement_at(lines, index)


def above(lines: Sequence[str], statement: Statement) -> Statement | None:
    """The statement that ``statement`` is nested in."""
    indent = statement.indent
    for index in range(statement.first - 1, -1, -1):
        text = lines[index]
        head = indent_width(text) == indent < statement.indent and not _CONTINUES.match(text)
        if not text.strip() or (indent_width(text) >= indent and not head):
            continue
        if not _CONTINUES.match(text):
            return statement_at(lines, index)
        indent = indent_width(text)  # an `else`: what it belongs to begins further up
    return None


def indent_width(line: str) -> int:
    """How many characters ``line`` is indented by."""
    return len(line) - len(line.lstrip())
