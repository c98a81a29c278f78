"""Parses YAML only to the depth that is allowed, before anything is built from it.

PyYAML takes quadratic time to scan what is nested deeply, and its composer in C ends the process by
overflowing the stack.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from yaml import Event


class NestedTooDeeply(Exception):
    """A list or mapping lies in too many others; ``line`` and ``column``, from 1, are its beginning."""

    def __init__(self, line: int, column: int) -> None:
        super().__init__(f"nested too deeply at line {line}, column {column}")
        self.line = line
        self.column = column


def shallow_events(text: str | bytes, most_depth: int, loader: Any) -> Iterator[Event]:
    """Parse ``text`` with PyYAML's ``loader`` and yield its events.

    Raises :class:`NestedTooDeeply` at the first list or mapping inside ``most_depth`` others, with next to
    nothing behind it looked at, and what the loader raises for what is no YAML.

    Parsers in C read ahead, and newer ones stop at a depth of their own before they report any list. Then the
    parser in Python finds the place of the first list that is too deep.
    """
    import yaml

    depth, passed = 0, 0
    try:
        for event in yaml.parse(text, Loader=loader):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > most_depth:
                    mark = event.start_mark
                    raise NestedTooDeeply(mark.line + 1 if mark else 1, mark.column + 1 if mark else 1)
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            yield event
            passed += 1
    except yaml.MarkedYAMLError as error:
        if loader is yaml.SafeLoader or "nesting depth" not in str(error.problem):
            raise
        yield from islice(shallow_events(text, most_depth, yaml.SafeLoader), passed, None)
