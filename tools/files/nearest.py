"""Explains that an edit's old text is not in the file: shows the most similar region with its white space."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from difflib import SequenceMatcher
from heapq import nlargest

from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.files.control_characters import control_difference
from seedsmith.tools.files.matching import LINE_END
from seedsmith.tools.text import clamp, escape

_MAX_FILE_LINES = 50_000
_MAX_OLD_LINES = 120
"""Of the old text, by which its place is looked for."""
_MOST_REGION_LINES = 2_000
_AROUND = 2
"""Lines shown around a difference in a region too long to be shown whole."""
_COMPARED_LINES = 3_000
"""Lines looked at one by one where no line of the old text is in the file as it stands."""
_COMPARED_CLOSELY = 30
_COMPARED_CHARACTERS = 120
_CANDIDATES = 3
_WORTH_SHOWING = 0.5
_SHOWN_LINES = 40
_SHOWN_CHARACTERS = 200
_TOO_SHORT_TO_TELL = 12
_SPACE_TO_SHOW = re.compile(r"^[ \t]+|[ \t]+$|\t+| {2,}")
_NEVER_MEANT = frozenset(map(chr, (*range(9), 11, 12, *range(14, 32), 127)))
"""Control characters that are most often a slip in writing JSON."""
_NUMBERED = re.compile(r"[ ]*\d+(\t|→|: |\| )")


@dataclass(frozen=True, slots=True)
class Region:
    """The lines of a file most like a wanted text; ``first`` is 1-based, ``likeness`` from 0 to 1."""

    first: int
    lines: tuple[str, ...]
    likeness: float


def nearest(text: str, old: str) -> Region | None:
    """Return the region of ``text`` most like ``old``; None where nothing comes near. Bounded in time."""
    file = LINE_END.split(text)[:_MAX_FILE_LINES]
    whole = _lines(old)[:_MOST_REGION_LINES]
    wanted = whole[:_MAX_OLD_LINES]
    keys = [_key(line) for line in wanted]
    if not any(keys):
        return None
    file_keys = [_key(line) for line in file]
    best: Region | None = None
    for begin in _candidates(file_keys, keys):
        region = file[begin : begin + len(wanted)]
        likeness = _likeness(region, wanted)
        if best is None or likeness > best.likeness:
            best = Region(begin + 1, tuple(file[begin : begin + len(whole)]), likeness)
    return best if best and best.likeness >= _WORTH_SHOWING else None


def explain(path: str, text: str, old: str, new: str) -> str:
    """Say that ``old`` was not found in ``text`` and everything that helps to get it right next time."""
    parts = [f"'old' was not found in {path}; nothing was changed."]
    if new.strip() and len(new) > _TOO_SHORT_TO_TELL and new in text:
        line = text.count("\n", 0, text.index(new)) + 1
        parts.append(f"The new text is there already, at line {line}: the edit may have been made before.")
    wanted = _lines(old)
    if all(_NUMBERED.match(line) for line in wanted if line.strip()):
        parts.append("Leave out the line numbers that read shows: they are not in the file.")
    if control := control_difference(text, old):
        parts.append(control)
    elif hidden := sorted({f"U+{ord(letter):04X}" for letter in old if letter in _NEVER_MEANT} - _in(text)):
        parts.append(f"'old' holds control characters that the file does not: {', '.join(hidden)}.")
    region = nearest(text, old)
    if region is None:
        parts.append("Nothing in the file comes near it: read the file, or grep for a part of it.")
        return " ".join(parts)
    last = region.first + len(region.lines) - 1
    where = f"line {last}" if last == region.first else f"lines {region.first}-{last}"
    parts.append(f"The nearest text is {where} ({region.likeness:.0%} alike; · is a space, → a tab):")
    return " ".join(parts) + "\n" + "\n".join(_comparison(region, wanted))


def _in(text: str) -> set[str]:
    return {f"U+{ord(letter):04X}" for letter in _NEVER_MEANT if letter in text}


def visible(line: str) -> str:
    """Show leading, trailing and repeated white space as ``·`` and ``→``, the rest as it stands."""
    marked = _SPACE_TO_SHOW.sub(lambda run: run.group().replace(" ", "·").replace("\t", "→"), line)
    return clamp(
        escape(marked.replace("\u00a0", r"\u{A0}").replace("\u3000", r"\u{3000}")), _SHOWN_CHARACTERS
    )


def _lines(text: str) -> list[str]:
    lines = LINE_END.split(text)
    if len(lines) > 1 and lines[-1] == "":
        lines.pop()
    return lines


def _key(line: str) -> str:
    return " ".join(line.split())


def _candidates(file: list[str], wanted: list[str]) -> list[int]:
    """Return first lines (0-based) of likely regions: where most lines agree, rare lines counting more."""
    places: dict[str, list[int]] = {}
    for index, key in enumerate(file):
        if key:
            places.setdefault(key, []).append(index)
    votes: Counter[int] = Counter()
    for index, key in enumerate(wanted):
        found = places.get(key, ())
        for place in found[: _CANDIDATES * 10]:
            votes[max(0, place - index)] += 1000 * len(key) // len(found)
    if votes:
        return [begin for begin, _ in votes.most_common(_CANDIDATES)]
    # No line is there as it stands: look for lines like the longest one.
    index = max(range(len(wanted)), key=lambda i: len(wanted[i]))
    scored = sorted(_alike(places, wanted[index]), reverse=True)[:_CANDIDATES]
    return [max(0, place - index) for _, place in scored]


def _alike(places: dict[str, list[int]], wanted: str) -> Iterator[tuple[float, int]]:
    matcher = SequenceMatcher(None, "", wanted[:_COMPARED_CHARACTERS], autojunk=False)
    promising = []
    for key, indices in list(places.items())[:_COMPARED_LINES]:
        matcher.set_seq1(key[:_COMPARED_CHARACTERS])
        if matcher.real_quick_ratio() > _WORTH_SHOWING:
            promising.append((matcher.quick_ratio(), key, indices[0]))
    # The true likeness is never above the quick one, and far more costly.
    for _, key, place in nlargest(_COMPARED_CLOSELY, promising):
        matcher.set_seq1(key[:_COMPARED_CHARACTERS])
        if (ratio := matcher.ratio()) > _WORTH_SHOWING:
            yield ratio, place


def _likeness(region: list[str], wanted: list[str]) -> float:
    """Weigh how alike the lines are, in order, each by its length; white space counts a little."""
    total = gained = 0.0
    for line, other in zip(region, wanted, strict=False):
        a, b = line[:_COMPARED_CHARACTERS], other[:_COMPARED_CHARACTERS]
        weight = max(len(a), len(b), 1)
        total += weight
        gained += weight * (1.0 if a == b else SequenceMatcher(None, a, b, autojunk=False).ratio())
    total += sum(len(line) or 1 for line in wanted[len(region) :])
    return gained / total if total else 0.0


def _comparison(region: Region, wanted: list[str]) -> Iterator[str]:
    """Yield the region with line numbers, each differing line followed by what ``old`` has instead."""
    width = len(str(region.first + len(region.lines)))
    shown = 0
    matcher = SequenceMatcher(None, region.lines, wanted[:_MOST_REGION_LINES], autojunk=False)
    around = _AROUND if len(region.lines) > _SHOWN_LINES else len(region.lines)
    for tag, a, b, c, d in (each for group in matcher.get_grouped_opcodes(around) for each in group):
        for index in range(a, b):
            mark = " " if tag == "equal" else "-"
            yield f"{mark} {region.first + index:>{width}} {visible(region.lines[index])}"
        if tag != "equal":
            for index in range(c, d):
                yield f"+ {'old':>{width}} {visible(wanted[index])}"
        shown += max(b - a, d - c)
        if shown >= _SHOWN_LINES:
            yield f"[{len(region.lines) - b:,} more lines of it not shown]"
            return
