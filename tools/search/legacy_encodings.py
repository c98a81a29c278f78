"""Finds text files that are not UTF-8 with ripgrep, and names their encodings for it.

ripgrep compares bytes, so it finds characters beyond ASCII in UTF-8 only, and in UTF-16 with a BOM. If it is
given the encoding of a file, it decodes the file first and compares characters.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from seedsmith.tools.content.encodings import Encoding
from seedsmith.tools.search.ripgrep import run_ripgrep

_NAMES = {
    "gbk": "gbk",
    "gb18030": "gb18030",
    "cp932": "shift_jis",
    "euc_jp": "euc-jp",
    "big5": "big5",
    "euc_kr": "euc-kr",
    "cp1252": "windows-1252",
    "latin-1": "windows-1252",
}
"""Python's names of the encodings without a BOM, and ripgrep's (those of the WHATWG)."""

_END = r"(?:$|[\x01-\x09\x0B-\x7F\xC0-\xFF])"
"""A place where a byte 80-BF is required and missing."""
_NOT_UTF_8 = "|".join(
    (
        r"(?-u)(?:^|[\x01-\x09\x0B-\x7F])[\x80-\xBF]",
        r"[\xC0\xC1\xF5-\xFF]",
        rf"[\xC2-\xDF]{_END}",
        rf"[\xE0-\xEF](?:{_END}|[\x80-\xBF]{_END})",
        rf"[\xF0-\xF4](?:{_END}|[\x80-\xBF](?:{_END}|[\x80-\xBF]{_END}))",
    )
)
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]|\\[pPuUx]")
_PIECE = re.compile(r"\\.|\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\\[])*\]|.", re.DOTALL)
"""One piece of a regular expression: an escape, a class without classes in it, or a character."""
_ANY_BUT_ASCII = re.compile(r"\.|\[\^(?:\\[^a-zA-Z]|[^\\\x80-\U0010ffff])*\]", re.DOTALL)
"""A piece that means all that is not ASCII, and some or all that is."""
_OTHER_SYNTAX = re.compile(r"\(\?[a-zA-Z-]*[ux]")
"""Flags by which white space means nothing or ``.`` means a byte."""
_MOST_FILES = 10_000


def ripgrep_name(encoding: Encoding) -> str:
    """ripgrep's name of ``encoding``; empty if it detects that encoding itself."""
    return "" if encoding.bom else _NAMES.get(encoding.codec, "")


def reaches_beyond_ascii(pattern: str) -> bool:
    """Whether the regular expression names characters that encodings write differently."""
    return _BEYOND_ASCII.search(pattern) is not None


def across_stray_bytes(pattern: str) -> str:
    """Let the repeated ``.`` and ``[^…]`` of a regular expression run over bytes that are no UTF-8, too.

    For ripgrep they stop there, so that ``print.*done`` would miss a line with a word in GBK between. On
    text in UTF-8 the answer means the same, and takes no longer. What can't be understood stays as it is.
    """
    if _OTHER_SYNTAX.search(pattern):
        return pattern
    pieces = _PIECE.findall(pattern)
    if "[" in pieces:
        return pattern
    parts = []
    for piece, following in zip(pieces, [*pieces[1:], ""], strict=True):
        repeated = following in ("*", "+") and _ANY_BUT_ASCII.fullmatch(piece)
        parts.append(rf"(?:{piece}|(?-u:[\x80-\xFF]))" if repeated else piece)
    return "".join(parts)


async def list_legacy_files(
    workspace: Path, options: Sequence[str], folder: int, descriptors: Sequence[int], seconds: float
) -> list[str]:
    """List the files below the open ``folder`` that hold bytes no UTF-8 has, relative to it and sorted.

    ``options`` and ``descriptors`` are those of the search itself. Binary files may be among them.
    """
    output = await run_ripgrep(
        workspace,
        (*options, "--files-with-matches", f"--regexp={_NOT_UTF_8}", "--", "."),
        folder,
        records=_MOST_FILES,
        seconds=seconds,
        descriptors=descriptors,
    )
    return [os.fsdecode(name).removeprefix("./") for name in output.data.split(b"\0") if name]
