"""Characters that nobody sees are known, whatever alphabet they belong to."""

from __future__ import annotations

import sys
import unicodedata

from seedsmith.sandbox.invisible_characters import INVISIBLE

SEEN = "\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
"""Signs of Arabic, Syriac and Kaithi that have a shape, though they count as formatting."""


def test_every_character_of_formatting_is_one() -> None:
    seen = {*map(chr, range(0x600, 0x606)), *SEEN}
    letters = map(chr, range(sys.maxunicode + 1))
    formatting = [each for each in letters if unicodedata.category(each) in ("Cf", "Cc", "Zl", "Zp")]
    missed = [f"U+{ord(each):04X}" for each in formatting if not INVISIBLE.match(each) and each not in seen]
    assert missed == ["U+0009", "U+000A"]


def test_blanks_that_are_no_spaces_are_some() -> None:
    assert all(map(INVISIBLE.match, "\u2800\u3164\U0001d159"))
