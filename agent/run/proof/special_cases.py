"""Code that answers a test's own values: an added branch or table that gives what a test expects of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from seedsmith.agent.run.proof.test_parts import STRING

_LITERAL = rf"(?:{STRING.pattern}|-?(?<![\w.])\d+(?:_\d+)*(?:\.\d+)?(?![\w.]))"
_LITERALS = re.compile(_LITERAL)
_ASKS = re.compile(r"\b(?:if|elif|case|when)\b|[^=!<>]===?[^=]|\bincludes\(")
_GIVES = (
    re.compile(rf"\b(?:return|yield)\s+(?P<gives>{_LITERAL})[\s;}}]*$"),
    re.compile(rf"(?<![=!<>])=\s*(?P<gives>{_LITERAL})[\s;}}]*$"),
    re.compile(rf"\?\s*(?P<gives>{_LITERAL})\s*:"),
)
_GIVES_FIRST = re.compile(rf"(?P<gives>{_LITERAL})\s+if\b(?P<asks>.*)\belse\b")
_ENTRY = re.compile(
    rf"(?P<asks>{_LITERAL}|\({_LITERAL}(?:,\s*{_LITERAL})*,?\)|{_LITERAL}(?:\s*\|\s*{_LITERAL})+)"
    rf"\s*(?::|=>)\s*(?P<gives>{_LITERAL})"
)
_BELOW = 2
"""How far below a condition its answer is looked for, and how far apart a test's case may stand, in lines."""
_SMALL = 31
"""Numbers up to here are days, months, indexes and counts."""
_TELLING = re.compile(r"(?=.*[\d\s])(?=.*[A-Za-z\d]).{4,}", re.DOTALL)
"""A text that is no word of a language, no name of an option and no sign."""


class Case(NamedTuple):
    """One value that the code asks for, and what it gives for it."""

    asks: str
    gives: str


def added_cases(old: str, new: str) -> list[Case]:
    """The special cases in lines of ``new`` that ``old`` lacks, of values that it does not hold."""
    added = Counter(line.strip() for line in new.splitlines()) - Counter(map(str.strip, old.splitlines()))
    lines = [line if line.strip() in added else "" for line in new.splitlines()]
    known = set(_plain(old))
    found = (case for number in range(len(lines)) for case in _cases(lines[number : number + 1 + _BELOW]))
    return [case for case in dict.fromkeys(found) if case.asks not in known and _is_telling(case)]


def known_to_tests(cases: Collection[Case], tests: Iterable[str]) -> set[Case]:
    """Those of ``cases`` of which ``tests`` hold, side by side, both what is asked and what is given."""
    found: set[Case] = set()
    for text in tests:
        known = set(_plain(text))
        for case in cases:
            if case not in found and known.issuperset(case) and _stand_together(case, text.splitlines()):
                found.add(case)
    return found


def _stand_together(case: Case, lines: Sequence[str]) -> bool:
    for number, line in enumerate(lines):
        if case.asks in _plain(line):
            near = lines[max(0, number - _BELOW) : number + 1 + _BELOW]
            if case.gives in _plain("\n".join(near)):
                return True
    return False


def _cases(lines: Sequence[str]) -> Iterator[Case]:
    """What the first of ``lines`` asks for and gives, there or below."""
    first = lines[0]
    for entry in _ENTRY.finditer(first):
        yield from _pairs(entry["asks"], entry["gives"])
    if found := _GIVES_FIRST.search(first):
        yield from _pairs(found["asks"], found["gives"])
    if not _ASKS.search(first):
        return
    for number, line in enumerate(lines):
        for gives in _GIVES:
            if found := gives.search(line):
                asks = first[: found.start()] if number == 0 else first
                yield from _pairs(asks, found["gives"])
                return


def _pairs(asks: str, gives: str) -> Iterator[Case]:
    (given,) = _plain(gives)
    yield from (Case(asked, given) for asked in _plain(asks) if asked != given)


def _plain(text: str) -> list[str]:
    """The values written out in ``text``, numbers in one form and strings without their quotes."""
    return [_of_literal(each) for each in _LITERALS.findall(text)]


def _of_literal(literal: str) -> str:
    if literal[0] in "\"'`":
        return literal[1:-1]
    return f"{float(literal):g}" if len(literal) < 15 else literal


def _is_telling(case: Case) -> bool:
    return _tells(case.asks) and len(case.gives) > 1 and case.gives != "-1"


def _tells(value: str) -> bool:
    try:
        number = float(value)
    except ValueError:
        return _TELLING.fullmatch(value) is not None
    return abs(number) > _SMALL or not number.is_integer()
