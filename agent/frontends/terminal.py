"""Text that others wrote, made harmless for a terminal (docs/sandbox.md, "Attacks", 65 to 67)."""

from __future__ import annotations

import re

_UNSAFE = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but newline and tab; carriage return among them
    "\xad\u061c\u180e\u200b-\u200f\u2060-\u206f\ufeff\ufff9-\ufffb"  # invisible and directional marks
    "\u2028-\u202e"  # line and paragraph separators, bidirectional overrides
    "\ud800-\udfff"  # bytes that were not text
    "\U000e0000-\U000e0fff"  # tag characters
    "]"
)


def visible(text: str) -> str:
    """``text`` with control, invisible and directional characters shown as escapes; printable as it is."""
    return _UNSAFE.sub(_escape, text)


def one_line(text: str, limit: int) -> str:
    """``text`` as one visible line of at most ``limit`` characters; what was cut is counted."""
    line = visible(" ".join(text.split()))
    if len(line) <= limit:
        return line
    kept = max(limit - 12, 1)
    return f"{line[:kept]}… (+{len(line) - kept})"


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{{{code:x}}}"
