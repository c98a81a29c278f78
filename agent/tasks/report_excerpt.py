"""What of a long report the model is told: its ends, and of what lies between the lines that stand out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator

MOST_CHARACTERS = 24_000
"""A report of at most so many is told whole; it goes with every request."""
_BEGINNING = 3_000
_END = 6_000
_LONGEST_LINE = 1_000
_BEFORE = 2
_BLOCK = 40
"""So many lines that are indented below one that stands out belong to it, as those of a traceback."""
_RARE = 3
_MEANT = 20
"""A word that stands in more lines tells none of them."""
_TROUBLE = re.compile(
    r"Traceback \(most recent|[a-z]Exception\b|[a-z]Error\b|\bpanicked\b|\bSegmentation fault\b|\bCaused by\b"
    r"|\b(?:error|exception|failure|fail(?:ed|s)?|fatal|critical|severe|panic|abort(?:ed)?|assert\w*)\b"
    r"|错误|异常|失败|崩溃",
    re.IGNORECASE,
)
_CHANGING = re.compile(r"[\w-]*\d[\w.:-]*")
"""What differs between lines of one kind: times, numbers, addresses."""
_WORD = re.compile(r"[\w.-]{4,}")


def excerpt(text: str, told: str = "") -> str:
    """``text``, or of a longer one what stands out; ``told`` is what was said besides, in anybody's words.

    Lines stand out that tell of trouble, those with rare words of ``told``, and those whose kind is rare in
    the text. What is left out is counted in its place.
    """
    if len(text) <= MOST_CHARACTERS:
        return text
    lines = [
        each if len(each) <= _LONGEST_LINE else f"{each[:_LONGEST_LINE]} […]" for each in text.splitlines()
    ]
    chosen = {*_within(lines, range(len(lines)), _BEGINNING)}
    chosen.update(_within(lines, reversed(range(len(lines))), _END))
    left = MOST_CHARACTERS - _size(lines, chosen)
    for number in _standing_out(lines, told):
        block = [each for each in _block(lines, number) if each not in chosen]
        if (size := _size(lines, block)) <= left:
            chosen.update(block)
            left -= size
    return "\n".join(_joined(lines, sorted(chosen)))


def _within(lines: list[str], order: Iterable[int], most: int) -> Iterator[int]:
    """The lines in ``order`` that have room in ``most`` characters."""
    for number in order:
        most -= len(lines[number]) + 1
        if most < 0:
            return
        yield number


def _size(lines: list[str], numbers: Collection[int]) -> int:
    return sum(len(lines[number]) + 1 for number in numbers)


def _standing_out(lines: list[str], told: str) -> list[int]:
    """The numbers of the lines that stand out, what tells most first; one or two of each kind."""
    kinds = [_CHANGING.sub("0", line) for line in lines]
    count = Counter(kinds)
    meant = _with_words(lines, told)
    seen: Counter[str] = Counter()
    ranked: list[tuple[int, int, int]] = []
    for number, kind in enumerate(kinds):
        trouble = _TROUBLE.search(lines[number]) is not None
        if not (number in meant or trouble or count[kind] <= _RARE) or not kind.strip():
            continue
        seen[kind] += 1
        if seen[kind] <= 2 or number in meant:
            rank = 0 if number in meant else 1 if trouble else 2
            ranked.append((rank, count[kind], number))
    return [number for _, _, number in sorted(ranked)]


def _with_words(lines: list[str], told: str) -> set[int]:
    """The lines that hold a word of ``told`` that is rare among them."""
    words = {*_WORD.findall(told)}
    places: dict[str, list[int]] = {}
    for number, line in enumerate(lines) if words else ():
        for word in words.intersection(_WORD.findall(line)):
            places.setdefault(word, []).append(number)
    return {number for found in places.values() if len(found) <= _MEANT for number in found}


def _block(lines: list[str], number: int) -> list[int]:
    """The line ``number`` with the ones before it, and what is indented below it, to its end."""
    end = number + 1
    while end < min(len(lines), number + _BLOCK) and lines[end][:1] in (" ", "\t"):
        end += 1
    if end > number + 1:  # an exception's name stands below its traceback
        end = min(len(lines), end + 1)
    return list(range(max(0, number - _BEFORE), end))


def _joined(lines: list[str], numbers: list[int]) -> Iterator[str]:
    before = -1
    for number in numbers:
        if number > before + 1:
            yield f"[… {number - before - 1:,} lines left out …]"
        yield lines[number]
        before = number
    if before + 1 < len(lines):
        yield f"[… {len(lines) - before - 1:,} lines left out …]"
