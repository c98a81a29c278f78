"""Jupyter notebooks: their cells as text, and a change of one cell that leaves every other byte as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.base import ToolError
from seedsmith.tools.content.difference import Replacement
from seedsmith.tools.text import count, escape, shown_path

_DECODER = json.JSONDecoder()
_BLANK = re.compile(r"[ \t\r\n]*")
_IN_LINES = re.compile(r"\[(\s*\n[ \t]*)(?=\")")
_MOST_OUTPUT_LINES = 20
_MOST_OUTPUT_CHARACTERS = 2_000
_SHOWN_CHARACTERS = 28_000


class NoNotebook(Exception):
    """A text that is no notebook with cells: it is to be taken as it stands."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell, and where the value of its source stands in the file's text."""

    kind: str
    source: str
    start: int
    end: int
    in_lines: bool
    """Whether the source is a list of lines, and not one text."""
    outputs: tuple[Any, ...] = ()


def cells_of(text: str) -> list[Cell]:
    """The cells of a notebook; raises :class:`NoNotebook`."""
    try:
        start = next(start for key, start, _ in _members(text, _skip(text, 0)) if key == "cells")
        if text[start] != "[":
            raise NoNotebook
        return [_cell(text, at, json.loads(text[at:until])) for at, until in _items(text, start)]
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, StopIteration, RecursionError):
        raise NoNotebook from None


def as_text(path: str, cells: list[Cell], first: int, most: int) -> tuple[str, int]:
    """The cells from ``first`` on for the model, and the number of the last one that is shown."""
    if cells and first > len(cells):
        raise ToolError(
            f"offset {first:,} is past the end: {shown_path(path)} has {count(len(cells), 'cell')}."
        )
    parts: list[str] = []
    size, last = 0, first - 1
    for number, cell in enumerate(cells[first - 1 :][:most], first):
        part = "\n".join([f"== cell {number} ({cell.kind})", escape(cell.source), *_outputs(cell)])
        size += len(part)
        if parts and size > _SHOWN_CHARACTERS:
            break
        parts.append(part[:_SHOWN_CHARACTERS])
        last = number
    more = f"; go on with offset={last + 1}" if last < len(cells) else ""
    parts.append(
        f"[{shown_path(path)}: a notebook of {count(len(cells), 'cell')}{more}; edit takes the text of "
        "one cell as it stands here]"
    )
    return "\n".join(parts), last


def replacements(path: str, text: str, old: str, new: str, *, everywhere: bool) -> list[Replacement]:
    """What makes ``new`` of ``old`` in the sources of cells; none where no cell holds it.

    Raises :class:`NoNotebook`, and :class:`ToolError` where it is not unique and ``everywhere`` is not said.
    """
    holding = [(number, cell) for number, cell in enumerate(cells_of(text), 1) if old and old in cell.source]
    times = sum(cell.source.count(old) for _, cell in holding)
    if times > 1 and not everywhere:
        where = ", ".join(str(number) for number, _ in holding[:10])
        raise ToolError(
            f"'old' is in {shown_path(path)} {times} times, in cell {where}: add lines around it until it is "
            "unique, or set replace_all; nothing was changed."
        )
    return [
        Replacement(cell.start, cell.end, _written(cell, cell.source.replace(old, new), text))
        for _, cell in holding
    ]


def _written(cell: Cell, source: str, text: str) -> str:
    """``source`` as JSON in the form that the cell's has in the file."""
    before = text[cell.start : cell.end]
    ascii_only = before.isascii() and "\\u" in before
    if not cell.in_lines:
        return json.dumps(source, ensure_ascii=ascii_only)
    lines = [json.dumps(line, ensure_ascii=ascii_only) for line in source.splitlines(keepends=True)]
    indented = _IN_LINES.match(before)
    if not lines:
        return "[]"
    if indented is None:
        return f"[{', '.join(lines)}]"
    closing = before[: before.rindex("]")]
    return f"[{indented[1]}{(',' + indented[1]).join(lines)}{closing[len(closing.rstrip()) :]}]"


def _cell(text: str, at: int, value: dict[str, Any]) -> Cell:
    start, end = next((start, end) for key, start, end in _members(text, at) if key == "source")
    source = value["source"]
    in_lines = isinstance(source, list)
    outputs = value.get("outputs")
    return Cell(
        kind=escape(str(value["cell_type"])),
        source="".join(source) if in_lines else str(source),
        start=start,
        end=end,
        in_lines=in_lines,
        outputs=tuple(outputs) if isinstance(outputs, list) else (),
    )


def _outputs(cell: Cell) -> Iterator[str]:
    """What a cell printed and showed, shortened; pictures are named."""
    for output in cell.outputs:
        if not isinstance(output, dict):
            continue
        data = output.get("data") if isinstance(output.get("data"), dict) else {}
        if output.get("output_type") == "error":
            text = f"{output.get('ename')}: {output.get('evalue')}"
        else:
            text = _joined(output.get("text") or (data or {}).get("text/plain") or "")
        others = [name for name in data or {} if name != "text/plain"]
        lines = text.rstrip("\n")[:_MOST_OUTPUT_CHARACTERS].split("\n") if text.strip() else []
        yield from (f"-> {escape(line)}" for line in lines[:_MOST_OUTPUT_LINES])
        if len(lines) > _MOST_OUTPUT_LINES or len(text.rstrip("\n")) > _MOST_OUTPUT_CHARACTERS:
            yield f"-> … of {len(text):,} characters"
        if others:
            yield f"-> ({escape(', '.join(others))})"


def _joined(value: Any) -> str:
    return "".join(map(str, value)) if isinstance(value, list) else str(value)


def _skip(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at


def _members(text: str, at: int) -> Iterator[tuple[str, int, int]]:
    """Each key of the object at ``at``, with where its value begins and ends."""
    if text[at] != "{":
        raise NoNotebook
    at = _skip(text, at + 1)
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        start = _skip(text, _skip(text, at) + 1)
        _, end = _DECODER.raw_decode(text, start)
        yield key, start, end
        at = _skip(text, end)
        at = _skip(text, at + 1) if text[at] == "," else at


def _items(text: str, at: int) -> Iterator[tuple[int, int]]:
    """Where each value of the array at ``at`` begins and ends."""
    at = _skip(text, at + 1)
    while text[at] != "]":
        _, end = _DECODER.raw_decode(text, at)
        yield at, end
        at = _skip(text, end)
        at = _skip(text, at + 1) if text[at] == "," else at
