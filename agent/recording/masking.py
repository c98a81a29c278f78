"""Keeps secrets out of recordings, also secrets that are split over several pieces of a stream."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from seedsmith.agent.redact import MASK, Redactor, is_secret_name
from seedsmith.sandbox.errors import PathError
from seedsmith.sandbox.workspace.workspace import Workspace

_MOST_FILES = 100
_MOST_BYTES = 64 << 10
_ASSIGNMENT = re.compile(r"^\s*(?:export\s+)?(\w+)\s*=\s*(.*?)\s*$", re.MULTILINE)
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


def environment_file_secrets(workspace: Workspace, files: Iterable[str]) -> list[str]:
    """Values in the ``.env`` files among ``files`` whose names say that they are secrets."""
    found = []
    named = sorted(path for path in files if _is_environment_file(path.rpartition("/")[2]))
    for path in named[:_MOST_FILES]:
        try:
            text = workspace.read_bytes(path, limit=_MOST_BYTES).decode("utf-8-sig", "replace")
        except PathError:
            continue
        for name, value in _ASSIGNMENT.findall(text):
            if is_secret_name(name):
                found += [value, value.partition(" #")[0].strip().strip("'\"")]
    return found


def _is_environment_file(name: str) -> bool:
    return name == ".env" or name.startswith(".env.") or name.endswith(".env")


def mask_pieces(pieces: Sequence[str], redactor: Redactor, mask: str = MASK) -> list[str]:
    """``pieces`` with each secret in their joined text replaced by ``mask``, where the secret begins."""
    spans = redactor.spans("".join(pieces))
    if not spans:
        return list(pieces)
    masked, start = [], 0
    for piece in pieces:
        kept, at, end = [], start, start + len(piece)
        for first, last in spans:
            if last <= start or first >= end:
                continue
            kept.append(piece[at - start : max(first, start) - start])
            if first >= start:
                kept.append(mask)
            at = min(last, end)
        masked.append("".join(kept) + piece[at - start :])
        start = end
    return masked


def mask_stream(pieces: Sequence[str], redactor: Redactor, mask: str = MASK) -> list[str]:
    """The same for an answer's body, in pieces of whole lines, and for the joined texts of its events."""
    pieces = mask_pieces(pieces, redactor, mask)
    lines = [(number, line) for number, piece in enumerate(pieces) for line in _LINE.findall(piece)]
    events = {at: event for at, (_, line) in enumerate(lines) if (event := _event(line)) is not None}
    fields: dict[tuple[Any, ...], list[tuple[int, Any, Any]]] = {}
    for at, event in events.items():
        for path, holder, key in _strings(event, ()):
            fields.setdefault(path, []).append((at, holder, key))
    changed = set()
    for places in fields.values():
        texts = [holder[key] for _, holder, key in places]
        for (at, holder, key), old, new in zip(
            places, texts, mask_pieces(texts, redactor, mask), strict=True
        ):
            if new != old:
                holder[key] = new
                changed.add(at)
    result = [""] * len(pieces)
    for at, (number, line) in enumerate(lines):
        if at in changed:
            line = f"data: {json.dumps(events[at], ensure_ascii=False, separators=(',', ':'))}\n"
        result[number] += line
    return result


def _event(line: str) -> Any:
    """The JSON object in a ``data:`` line; None if there is none."""
    if not line.startswith("data:"):
        return None
    try:
        value = json.loads(line[5:])
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _strings(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any, Any]]:
    """Every string in ``value``: a path of its field, choice, call or item; its container; its key."""
    if isinstance(value, dict):
        number = tuple(value.get(name) for name in ("index", "output_index", "content_index", "item_id"))
        path = (*path, *(each for each in number if isinstance(each, int | str)))
        children: Iterable[tuple[Any, Any]] = value.items()
    else:
        children = enumerate(value)
    for key, child in children:
        named = (*path, key if isinstance(value, dict) else "")
        if isinstance(child, str):
            yield named, value, key
        elif isinstance(child, dict | list):
            yield from _strings(child, named)
