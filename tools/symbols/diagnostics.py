"""What a server finds in a file, and what of it is new after a change. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any

from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.text import count, shown_path

MOST_SHOWN = 10
"""Findings of one server after one call."""
_MOST_KEPT = 2_000
"""Of one file."""
_MOST_MESSAGE = 300
_MOST_COMPARED = 5_000
"""Lines that are compared one by one; where more differ, all of them count as changed."""
_UNNECESSARY = 1
"""The protocol's tag of what is only unused, as an import is until the next edit."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding; ``line`` and ``column`` count from 0."""

    line: int
    column: int
    severity: int
    code: str
    message: str

    @property
    def says(self) -> tuple[str, str]:
        """What makes it the same finding elsewhere."""
        return self.code, self.message


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server found in ``text``, the content of one file."""

    text: str
    findings: tuple[Finding, ...]


def findings_of(items: Any, gravest: int) -> tuple[Finding, ...]:
    """The findings up to severity ``gravest`` in the protocol's ``items``; what is none is left out."""
    found = []
    for item in items[:_MOST_KEPT] if isinstance(items, list) else ():
        try:
            start = item["range"]["start"]
            severity = item.get("severity", 1)
            if severity > gravest or _UNNECESSARY in (item.get("tags") or ()):
                continue
            line, column, message = int(start["line"]), int(start["character"]), str(item["message"])
        except (AttributeError, KeyError, TypeError, ValueError):
            continue
        found.append(Finding(line, column, severity, str(item.get("code") or ""), message))
    return tuple(sorted(found, key=lambda each: (each.line, each.column)))


def new_findings(before: Answer, after: Answer) -> list[Finding]:
    """What is in ``after`` and wasn't in ``before``; old places are moved through the change.

    One in lines that were changed is an old one, too, where an old one that says the same stood there.
    """
    moved, changed = _moves(before.text, after.text)
    old: Counter[tuple[int, tuple[str, str]]] = Counter()
    for each in before.findings:
        old[moved(each.line), each.says] += 1
    new = []
    for each in after.findings:
        key = (changed(each.line), each.says)
        if old[key] > 0:
            old[key] -= 1
        else:
            new.append(each)
    return new


def describe_new(server: str, found: Sequence[tuple[str, Finding]], path: str) -> str:
    """The new findings of a ``server``, each with its file, after an edit of ``path``; '' for none."""
    if not found:
        return ""
    lines = [f"[{server}: {count(len(found), 'new problem')} after this change to {shown_path(path)}]"]
    for file, each in found[:MOST_SHOWN]:
        said = " ".join(each.message.strip().partition("\n")[0].split())
        said = said if len(said) <= _MOST_MESSAGE else said[: _MOST_MESSAGE - 1] + "…"
        code = f" ({each.code})" if each.code else ""
        lines.append(f"{shown_path(file)}:{each.line + 1}:{each.column + 1}: {said}{code}")
    if len(found) > MOST_SHOWN:
        lines.append(f"[{len(found) - MOST_SHOWN} more]")
    return "\n".join(lines)


class _Places:
    """Where a line of one side stands: by its number in the new text, or by the block that was changed."""

    def __init__(self, spans: list[tuple[int, int, int | None]]) -> None:
        """``spans`` are (first, end, offset), with None and a block's number, below 0, for changed lines."""
        self._spans = spans

    def __call__(self, line: int) -> int:
        for first, end, offset in self._spans:
            if first <= line < end:
                return line if offset is None else offset if offset < 0 else line - first + offset
        return line


def _moves(before: str, after: str) -> tuple[_Places, _Places]:
    """What gives lines of ``before`` and of ``after`` places that can be compared."""
    old, new = before.split("\n"), after.split("\n")
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    shared = 0
    while shared < min(len(old), len(new)) - start and old[-1 - shared] == new[-1 - shared]:
        shared += 1
    old_end, new_end = len(old) - shared, len(new) - shared
    blocks = [("replace", 0, old_end - start, 0, new_end - start)]
    if max(old_end, new_end) - start <= _MOST_COMPARED:
        matcher = SequenceMatcher(None, old[start:old_end], new[start:new_end], autojunk=False)
        blocks = list(matcher.get_opcodes())
    olds: list[tuple[int, int, int | None]] = []
    news: list[tuple[int, int, int | None]] = []
    for number, (kind, first, end, new_first, new_block_end) in enumerate(blocks):
        place = start + new_first if kind == "equal" else -1 - number
        olds.append((start + first, start + end, place))
        news.append((start + new_first, start + new_block_end, None if kind == "equal" else place))
    olds.append((old_end, len(old) + 1, new_end))
    return _Places(olds), _Places(news)
