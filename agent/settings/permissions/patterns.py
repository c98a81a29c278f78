"""Matches a text against a pattern of a rule, where parts of the text are not known before the shell runs."""

from __future__ import annotations

import re
from collections.abc import Sequence

UNKNOWN = "\ue000"
"""Stands in a text for what only the shell knows: any characters, several words, or none."""
GAP = "\x1f"
"""Stands between two words."""
_ANY, _WITHIN = "\ue001", "\ue002"
"""Stand in a pattern for any text, and for any text without a slash."""
_STARS = frozenset({_ANY, _WITHIN})


def command_patterns(pattern: str) -> tuple[str, ...]:
    """What ``git push *`` is matched by; it holds for ``git push`` alone, too."""
    words = re.sub(r"\*+", _ANY, GAP.join(pattern.split()))
    return (words, words[:-2]) if words.endswith(GAP + _ANY) else (words,)


def path_patterns(pattern: str) -> tuple[str, ...]:
    """What a glob of paths is matched by: ``*`` within a name, ``**`` over folders or none."""
    clean = pattern.removeprefix("./")
    clean = f"{clean}**" if clean.endswith("/") else clean
    variants = {clean, clean.replace("/**/", "/")}
    variants |= {each.removeprefix("**/") for each in variants}
    return tuple(re.sub(r"\*\*+", _ANY, each).replace("*", _WITHIN) for each in sorted(variants))


def name_patterns(pattern: str) -> tuple[str, ...]:
    """What a name with stars is matched by."""
    return (re.sub(r"\*+", _ANY, pattern),)


def holds(patterns: Sequence[str], text: str) -> bool:
    """Whether ``text`` fits one of the ``patterns``, whatever its unknown parts are."""
    return any(_fits(pattern, text, known_only=True) for pattern in patterns)


def may_hold(patterns: Sequence[str], text: str) -> bool:
    """Whether ``text`` fits one of the ``patterns`` for something that its unknown parts could be."""
    return any(_fits(pattern, text, known_only=False) for pattern in patterns)


def _fits(pattern: str, text: str, *, known_only: bool) -> bool:
    """Whether the whole of ``text`` fits; the time it takes grows with the product of both lengths."""
    reached = _past_stars({0}, pattern)
    for letter in text:
        if letter == UNKNOWN and not known_only:
            reached = set(range(min(reached), len(pattern) + 1))
            continue
        following = set()
        for at in reached:
            expected = pattern[at : at + 1]
            if expected == _ANY or (expected == _WITHIN and letter not in ("/", UNKNOWN)):
                following.add(at)
            elif expected == letter:
                following.add(at + 1)
        if not following:
            return False
        reached = _past_stars(following, pattern)
    return len(pattern) in reached


def _past_stars(reached: set[int], pattern: str) -> set[int]:
    """The places in ``pattern`` that are reached where a star stands for nothing."""
    found = set(reached)
    for at in reached:
        while pattern[at : at + 1] in _STARS:
            at += 1
            found.add(at)
    return found
