"""Did you mean …? What a wrong name probably stood for, worded alike wherever a name is wrong."""

from __future__ import annotations

from collections.abc import Iterable

from seedsmith.tools.text import shown_path

_ALIKE = 0.6
"""Of the measure from 0 to 1 by which :mod:`difflib` compares texts: its own default."""


def nearest(name: str, known: Iterable[str], most: int = 1) -> list[str]:
    """Those of ``known`` that are most like ``name``, the likest first; case doesn't count."""
    from difflib import get_close_matches  # only a wrong name costs its import

    folded: dict[str, str] = {}
    for each in known:
        folded.setdefault(each.casefold(), each)
    return [folded[match] for match in get_close_matches(name.casefold(), folded, most, _ALIKE)]


def did_you_mean(*names: str) -> str:
    """`` (did you mean 'a' or 'b'?)``, to stand behind the wrong name; '' without ``names``."""
    shown = " or ".join(f"'{shown_path(name)}'" for name in names)
    return f" (did you mean {shown}?)" if shown else ""


def suggestion(name: str, known: Iterable[str], most: int = 1) -> str:
    """What of ``known`` was probably meant, as :func:`did_you_mean` says it; '' where nothing is like it."""
    return did_you_mean(*nearest(name, known, most))


def suggestion_or_list(name: str, known: Iterable[str], most: int = 1) -> str:
    """As :func:`suggestion`, else all there is: ``; there are a, b``."""
    known = list(known)
    listed = f"; there are {', '.join(known)}" if known else "; there are none"
    return suggestion(name, known, most) or listed
