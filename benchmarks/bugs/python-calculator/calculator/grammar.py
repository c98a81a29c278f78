"""Tokens and operators of the expression language."""

import re
from dataclasses import dataclass

_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?)|([A-Za-z_]\w*)|(.))")


class SyntaxProblem(ValueError):
    """The expression is not well-formed."""


@dataclass(frozen=True)
class Operator:
    """How strongly a binary operator binds, and to which side."""

    strength: int
    right: bool


OPERATORS = {
    "+": Operator(10, right=False),
    "-": Operator(10, right=False),
    "*": Operator(20, right=False),
    "/": Operator(20, right=False),
    "%": Operator(20, right=False),
    "^": Operator(30, right=True),
}


def tokenize(text):
    """Split ``text`` into ``(kind, value)`` pairs; kinds are number, name and symbol."""
    tokens = []
    for number, name, symbol in _TOKEN.findall(text.strip()):
        if number:
            tokens.append(("number", float(number)))
        elif name:
            tokens.append(("name", name))
        elif symbol in OPERATORS or symbol in "()":
            tokens.append(("symbol", symbol))
        else:
            raise SyntaxProblem(f"unexpected {symbol!r}")
    return tokens
