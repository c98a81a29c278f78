"""Bounds a text by its head and tail, with exact counts of what is missing and where the whole is."""

from __future__ import annotations

from seedsmith.sandbox.workspace.spill import SpillStore


def escaped(text: str) -> str:
    """Return ``text`` with lone surrogates (bytes that were no UTF-8) spelt out, so that it can be sent."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text


def bounded(text: str, limit: int, spills: SpillStore) -> str:
    """Return ``text`` if its UTF-8 has at most ``limit`` bytes, else its head and tail.

    The whole then goes into a spill, and the notice between head and tail names it; the result exceeds
    ``limit`` by that notice at most.
    """
    whole = text.encode()
    if len(whole) <= limit:
        return text
    head = whole[: limit // 2].decode(errors="ignore")
    tail = whole[len(whole) - limit // 2 :].decode(errors="ignore")
    spill = spills.create()
    try:
        spill.write(whole)
    finally:
        spill.close()
    kept = len(head.encode()) + len(tail.encode())
    lines = text.count("\n") - head.count("\n") - tail.count("\n")
    notice = (
        f"\n[... {len(whole) - kept} of {len(whole)} bytes ({lines} line ends) left out; "
        f'read(path="spill:{spill.id}", offset, limit) shows the whole ...]\n'
    )
    return head + notice + tail
