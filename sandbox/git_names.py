"""File names as git writes them in patches: in quotes where needed, with escapes as in C."""

from __future__ import annotations

import os

_LETTERS = {"a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13, '"': 34, "\\": 92}
"""What a backslash and a letter stand for; every other byte is three octal digits."""
_WRITTEN = {byte: b"\\" + letter.encode() for letter, byte in _LETTERS.items()}


def quoted(path: str) -> bytes:
    """The name as git writes it with ``core.quotePath`` off; stray bytes are escaped as well.

    Quotes, backslashes, control characters and bytes that are not UTF-8 put the name in quotes.
    """
    out = bytearray()
    for letter in path:
        encoded = os.fsencode(letter)
        if len(encoded) == 1 and (encoded[0] in _WRITTEN or not 0x20 <= encoded[0] < 0x7F):
            out += _WRITTEN.get(encoded[0], b"\\%03o" % encoded[0])
        else:
            out += encoded
    return b'"%s"' % out if out != os.fsencode(path) else bytes(out)


def unquoted(text: str) -> tuple[str, str]:
    """The quoted name ``text`` begins with, and what follows the closing quote; raises ValueError.

    Bytes that are no UTF-8 become surrogate escapes, as everywhere in names.
    """
    name = bytearray()
    position = 1
    while position < len(text):
        letter = text[position]
        if letter == '"':
            return os.fsdecode(bytes(name)), text[position + 1 :]
        if letter != "\\":
            name += os.fsencode(letter)
            position += 1
            continue
        escaped, octal = text[position + 1 : position + 2], text[position + 1 : position + 4]
        if escaped in _LETTERS:
            name.append(_LETTERS[escaped])
            position += 2
        elif len(octal) == 3 and octal[0] in "0123" and all(digit in "01234567" for digit in octal):
            name.append(int(octal, 8))
            position += 4
        else:
            break
    raise ValueError("not a name in quotes")
