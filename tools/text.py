"""Text on its way to the model: invisible characters made visible, long lines clamped. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Sequence

from seedsmith.sandbox.invisible_characters import INVISIBLE

LINE_CHARACTERS = 2_000
"""A longer line is clamped; at some 4 characters a token this is about 500 tokens."""

_ESCAPED_NAME = re.compile(r"\\u\{([0-9A-Fa-f]{1,6})\}|\\x\{([89A-Fa-f][0-9A-Fa-f])\}")
_ESCAPED = re.compile(r"\\u\{([0-9A-Fa-f]{1,6})\}")

_TERMINAL_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor movements
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)"  # OSC: titles, links, clipboard
    r"|(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x1b\x9c\n]*(?:\x1b\\|\x9c)"  # DCS, SOS, PM, APC
    r"|\x1b[ -/]*[0-~]"  # every other escape sequence
)


def escape(text: str) -> str:
    r"""Show control, bidirectional, tag and zero-width characters as ``\u{…}``, stray bytes as ``\x{…}``.

    Tab and newline stay. Nothing a terminal or a model could take for an instruction stays hidden
    (docs/sandbox.md, "Attacks", 65 and 66).
    """
    if text.isascii() and text.isprintable():
        return text
    return INVISIBLE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match.group())
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{{{code - 0xDC00:02X}}}"
    return f"\\u{{{code:X}}}"


def shown_path(path: str) -> str:
    """Show a file name on one line whatever is in it."""
    return escape(path).replace("\n", r"\u{A}").replace("\t", r"\u{9}")


def unescape(text: str, as_in: str | None = None) -> str:
    r"""Undo :func:`escape` where it wrote ``\u{…}`` for a character it never lets through.

    With ``as_in`` only of characters that are written so there, too: others are meant as these letters.
    """
    known = None if as_in is None else {int(code, 16) for code in _ESCAPED.findall(as_in)}

    def character(match: re.Match[str]) -> str:
        code = int(match.group(1), 16)
        return (_hidden(code) if known is None or code in known else "") or match.group()

    return _ESCAPED.sub(character, text)


def holds_hidden(text: str) -> bool:
    """Whether :func:`escape` would write a character of ``text`` otherwise."""
    return INVISIBLE.search(text) is not None


def path_as_shown(text: str) -> str:
    r"""Undo :func:`shown_path`: the file name that is shown as ``text``, stray bytes in it included.

    A name that itself holds such an escape, ``\u{…}`` or ``\x{…}``, can't be given; all others can.
    """

    def character(match: re.Match[str]) -> str:
        if match.group(2):
            return chr(0xDC00 + int(match.group(2), 16))
        code = int(match.group(1), 16)
        if code == 0:  # which is in no name
            return match.group()
        return chr(code) if code in (0x9, 0xA) else _hidden(code) or match.group()

    return _ESCAPED_NAME.sub(character, text) if "\\" in text else text


def _hidden(code: int) -> str:
    r"""The character of that number if :func:`escape` writes it as ``\u{…}``; else empty."""
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF or not INVISIBLE.fullmatch(chr(code)):
        return ""
    return chr(code)


def clean_output(text: str) -> str:
    r"""Prepare a program's output: terminal sequences go, ``\r`` ends a line, what is left is escaped."""
    text = _TERMINAL_SEQUENCE.sub("", text)
    return escape(re.sub(r"\r+\n|\r", "\n", text))


def clamp(line: str, limit: int = LINE_CHARACTERS, length: int | None = None) -> str:
    """Cut ``line`` to ``limit`` characters, saying how many are missing.

    ``length`` is the whole line's where ``line`` is only its beginning.
    """
    total = len(line) if length is None else length
    if total <= limit:
        return line
    return f"{line[:limit]}… [{total - limit:,} more characters in this line]"


def clamp_lines(text: str) -> str:
    """Clamp every line of ``text``."""
    if len(text) <= LINE_CHARACTERS:
        return text
    return "\n".join(map(clamp, text.split("\n")))


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return ``1 line``, ``2 lines``, ``1,234 matches``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def first_of(names: Sequence[str], most: int, separator: str = ", ") -> str:
    """Return the first ``most`` of ``names``, and how many more there are: ``a, b and 3 more``."""
    rest = f" and {len(names) - most:,} more" if len(names) > most else ""
    return separator.join(names[:most]) + rest


def human_bytes(size: int) -> str:
    """Return a size in bytes the way people read it: ``812 bytes``, ``3.4 MB`` (powers of 1,000)."""
    if size < 10_000:
        return count(size, "byte")
    for unit, scale in (("KB", 10**3), ("MB", 10**6)):
        if size < 1000 * scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size / 10**9:.1f} GB"
