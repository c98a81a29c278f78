"""The syntax trees of source files, parsed once for all tests of a process, and the statements in them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_HOLDERS = ("body", "orelse", "finalbody", "handlers", "cases")


@cache
def tree_of(path: Path) -> ast.Module:
    """The tree of the file ``path``."""
    return ast.parse(path.read_bytes())


def parts(node: ast.AST) -> Iterator[ast.AST]:
    """The statements right within ``node``, and what holds some, as an ``except`` does; no expressions."""
    for name in _HOLDERS:
        yield from getattr(node, name, ())


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Every statement within ``node``, however deep."""
    for part in parts(node):
        yield part
        yield from statements(part)
