"""Which files are documents, and their content as the model reads it."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from seedsmith.sandbox.errors import PathError
from seedsmith.tools.base import ToolContext, ToolError, ToolResult
from seedsmith.tools.content.encodings import detect
from seedsmith.tools.content.file_lookup import resolved
from seedsmith.tools.documents import KINDS
from seedsmith.tools.text import clean_output, count, shown_path

MOST_AT_ONCE = {"pdf": 20, "docx": 2_000, "xlsx": 10, "archive": 2_000}
_HEAD_BYTES = 64 << 10
_MAGIC = (b"%PDF-", b"PK")
_SHOWN_BYTES = 28_000
_SECONDS = 60.0
_MOST_OUTPUT = 24 << 20
_PROGRAM = Path(__file__).with_name("convert.py")
_MISSING = (
    "needs the extra documents, which is not installed here: pip install 'seedsmith[documents]'; "
    "until then its content is not shown"
)


def kind_of(path: str) -> str:
    """What kind of document a file of that name is; '' where it is none that can be read."""
    name = path.lower()
    return next((kind for ending, kind in KINDS.items() if name.endswith(ending)), "")


def document_at(path: str, context: ToolContext) -> str:
    """``path`` relative to the workspace where a document lies there; '' for what is text, or not there."""
    try:
        found = resolved(context.workspace, path)
        if not kind_of(found) or context.workspace.stat(found).kind == "folder":
            return ""
        with context.workspace.open_read(found) as file:
            head = file.read(_HEAD_BYTES)
    except (PathError, ToolError):
        return ""
    return found if head.startswith(_MAGIC) or detect(head, complete=False) is None else ""


async def read_document(path: str, first: int, most: int, context: ToolContext) -> ToolResult:
    """The parts of a document from ``first`` on, as many as fit; ``path`` is relative to the workspace."""
    kind = kind_of(path)
    found = await _converted(kind, path, first, min(most, MOST_AT_ONCE[kind]), context)
    unit, total = found["unit"], found["total"]
    if first > total and total:
        raise ToolError(f"offset {first:,} is past the end: {shown_path(path)} has {count(total, unit)}.")
    lines = list(_lines(found["parts"]))
    text, whole = _fitting(lines)
    shown = len(found["parts"]) if kind in ("pdf", "xlsx") else len(found["parts"][0][1].splitlines())
    last = first + shown - 1
    notes = [f"{shown_path(path)}: {_plural(total, unit)}, as text; it can't be edited so"]
    if last < total:
        notes.append(f"go on with offset={last + 1}")
    if not whole:
        notes.append("cut: ask for fewer by limit")
    if kind == "pdf":
        notes.append(f"where you see pictures, view_image shows a page: path {shown_path(path)}#1")
    data = {"path": path, "document": kind, "first": first, "last": last, "total": total}
    return ToolResult(True, "\n".join([*text, f"[{'; '.join(notes)}]"]), data, f"{shown_path(path)}: {kind}")


async def page_picture(path: str, number: int, context: ToolContext) -> bytes:
    """The page ``number`` of a PDF as a PNG; raises :class:`ToolError`."""
    found = await _converted("picture", path, number, 1, context)
    return base64.b64decode(found["picture"])


async def _converted(kind: str, path: str, first: int, most: int, context: ToolContext) -> dict[str, Any]:
    processes = context.processes
    policy = replace(
        processes.policy,
        only_reads=True,
        also_readable=(*processes.policy.also_readable, _PROGRAM),
        programs=(*processes.policy.programs, Path(sys.executable)),
    )
    runner = processes.with_policy(policy, processes.environment)
    file = str(processes.policy.workspace / path)
    result = await runner.run(
        [sys.executable, "-I", str(_PROGRAM), kind, file, str(first), str(most)],
        timeout=_SECONDS,
        head_bytes=_MOST_OUTPUT,
        tail_bytes=0,
        spill=False,
    )
    name = shown_path(path)
    try:
        found = json.loads(result.head)
    except ValueError:
        how = f"took longer than {_SECONDS:.0f} s" if result.timed_out else "ended what reads it"
        raise ToolError(f"{name} can't be shown: it {how}.") from None
    if "missing" in found:
        raise ToolError(f"{name} {_MISSING}.")
    if "error" in found:
        raise ToolError(f"{name} can't be shown: {clean_output(found['error'])}.")
    return dict(found)


def _lines(parts: list[list[str]]) -> Iterator[str]:
    for name, text in parts:
        if name:
            yield f"== {clean_output(name)}" + ("" if text.strip() else ": no text")
        if text.strip():
            yield from clean_output(text).splitlines()


def _fitting(lines: list[str]) -> tuple[list[str], bool]:
    """The first lines that may be shown at once, and whether these are all."""
    size = 0
    for index, line in enumerate(lines):
        size += len(line.encode()) + 1
        if size > _SHOWN_BYTES:
            return [*lines[:index], line[: max(0, _SHOWN_BYTES - size + len(line))]], False
    return lines, True


def _plural(number: int, unit: str) -> str:
    return count(number, unit, "entries") if unit == "entry" else count(number, unit)
