"""Which characters nobody sees: control, directional, zero-width and tag characters, and stray bytes."""

from __future__ import annotations

import re

_CONTROL = "\x00-\x08\x0b-\x1f\x7f-\x9f"
_BLANK = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u2800\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""What takes no room, turns the direction of what follows, or looks like a space and is a letter.

U+FE0F is left out: it stands in ordinary text, after the emoji it makes coloured.
"""
_SURROGATES = "\ud800-\udfff"

INVISIBLE = re.compile(f"[{_CONTROL}{_BLANK}{_SURROGATES}]")
"""One character that is escaped wherever text is shown; tab and newline are none of them."""
