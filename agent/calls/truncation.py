"""Shortens a text to its head and tail, and says how much is missing and where the whole text is."""

from __future__ import annotations

from seedsmith.sandbox.workspace.spill import SpillStore


def escaped(text: str) -> str:
    """Return ``text`` with lone surrogates (bytes that were not UTF-8) escaped, so that it can be sent."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text


def bounded(text: str, limit: int, spills: SpillStore) -> str:
    """Return ``text`` if its UTF-8 has at most ``limit`` bytes, else its head and tail.

    The whole text is then kept in a spill, which a notice between head and tail names. The result exceeds
    ``limit`` at most by that notice.
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
