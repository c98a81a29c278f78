"""Text that others wrote, made harmless for a terminal (docs/sandbox.md, "Attacks", 65 to 67)."""

from __future__ import annotations

import re

from seedsmith.sandbox.invisible_characters import INVISIBLE


def visible(text: str) -> str:
    """``text`` with control, invisible and directional characters shown as escapes; printable as it is."""
    return INVISIBLE.sub(_escape, text)


def visible_row(text: str) -> str:
    """``text`` as one visible line, whole: a line end in it is shown as one, and begins no other row."""
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")


def one_line(text: str, limit: int) -> str:
    """``text`` as one visible line of at most ``limit`` columns; the characters that were cut are counted."""
    line = visible(" ".join(text.split()))
    if cells(line) <= limit:
        return line
    kept = line[: max(limit - 12, 1)]
    while len(kept) > 1 and cells(kept) > limit - 12:
        kept = kept[:-1]
    return f"{kept}… (+{len(line) - len(kept)})"


def cells(text: str) -> int:
    """How many columns ``text`` takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{{{code:x}}}"
