"""Computes the value of a tree."""

import operator

from calculator.grammar import tokenize
from calculator.parser import Parser

_FUNCTIONS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
    "^": operator.pow,
}


def evaluate(text, **names):
    """The value of ``text``; raises :class:`NameError` for names that were not given."""
    return _value(Parser(tokenize(text)).parse(), names)


def _value(tree, names):
    if isinstance(tree, float):
        return tree
    if isinstance(tree, str):
        if tree not in names:
            raise NameError(f"unknown name {tree}")
        return names[tree]
    if tree[0] == "neg":
        return -_value(tree[1], names)
    return _FUNCTIONS[tree[0]](_value(tree[1], names), _value(tree[2], names))
