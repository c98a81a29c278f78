r"""Explains old texts that don't match because of control characters, a newline for the file's ``\n``."""

from __future__ import annotations

import re

_SPELT = {
    "\n": (r"\n",),
    "\t": (r"\t",),
    "\r": (r"\r",),
    "\b": (r"\b",),
    "\f": (r"\f",),
    "\v": (r"\v",),
    "\a": (r"\a",),
    "\0": (r"\0", r"\x00", r"\u0000"),
    "\x1b": (r"\x1b", r"\x1B", r"\033", r"\e", r"\u001b", r"\u001B"),
}
_NAMES = {
    "\n": "line end",
    "\t": "tab",
    "\r": "carriage return",
    "\0": "NUL character",
    "\x1b": "ESC character",
}
_LETTERS = {spelt: control for control, every in _SPELT.items() for spelt in every}
_EITHER = re.compile(
    "|".join([*map(re.escape, sorted(_LETTERS, key=len, reverse=True)), "[\0\a\b\t\n\v\f\r\x1b]"])
)
_MOST_CHARACTERS = 100_000


def control_difference(text: str, old: str) -> str:
    r"""Say where ``old`` would be in ``text`` if control characters in it were spelt out, or the reverse.

    Empty where that is not what it differs in.
    """
    if len(old) > _MOST_CHARACTERS or not _EITHER.search(old):
        return ""
    parts, position = [], 0
    for found in _EITHER.finditer(old):
        control = _LETTERS.get(found.group(), found.group())
        either = "|".join(map(re.escape, (control, *_SPELT[control])))
        parts += [re.escape(old[position : found.start()]), f"({either})"]
        position = found.end()
    match = re.search("".join([*parts, re.escape(old[position:])]), text)
    if match is None:
        return ""
    for given, (index, there) in zip(_EITHER.findall(old), enumerate(match.groups(), 1), strict=True):
        if given != there:
            line = text.count("\n", 0, match.start(index)) + 1
            return f"Line {line} has {_called(there)} where 'old' has {_called(given)}."
    return ""


def _called(spelt: str) -> str:
    if spelt in _LETTERS:
        return f"the letters {spelt}"
    return f"a real {_NAMES.get(spelt, f'control character U+{ord(spelt):04X}')}"
