"""Finds the text an edit means by comparisons that get looser step by step; a match must be unambiguous.

A loose comparison only *locates* the text: the result is a span of the file's own characters, and what
replaces it gets the file's line ends and indentation. Pure functions on text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher
from enum import Enum
from itertools import islice

from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.files.indentation import Reindent, find_reindent, indent_of

LINE_END = re.compile(r"\r\n|\n|\r")
ENOUGH = 11
"""The search stops after so many matches, since there should be one."""
_COMPARED_PAIRS = 250_000
_LINE_END_PATTERN = r"(?:\r\n|\n|\r(?!\n))"


class Rung(Enum):
    """How loosely the old text had to be compared before it was found."""

    EXACT = "exact"
    LINE_ENDS = "line ends"
    TRAILING_SPACE = "trailing white space"
    INDENTATION = "indentation"


@dataclass(frozen=True, slots=True)
class Match:
    """One place in the text, and what to put there."""

    start: int
    end: int
    replacement: str


@dataclass(frozen=True, slots=True)
class Found:
    """The places the first rung that matched at all found, in order."""

    rung: Rung
    matches: tuple[Match, ...]


def find(text: str, old: str, new: str, *, everywhere: bool = False) -> Found | None:
    """Find ``old`` in ``text`` on the first rung that has it; None where no rung does.

    Each match's replacement is ``new`` with the line ends of that place and, on the loose rungs, with the
    file's own spelling of every line that ``old`` and ``new`` share. ``old`` must not be empty.
    With ``everywhere`` all matches are found that don't overlap; without, overlapping ones as well, but no
    more than :data:`ENOUGH`, since two are too many already.
    """
    for rung, search in _LADDER:
        if rung is not Rung.EXACT and _core(old) not in text:
            return None
        found = search(text, old, new, not everywhere)
        if matches := tuple(found if everywhere else islice(found, ENOUGH)):
            return Found(rung, matches)
    return None


def _core(old: str) -> str:
    """Return the longest line of ``old``, bare: without it in the text no loose rung can match."""
    return max((line.strip(" \t") for line in LINE_END.split(old)), key=len)


def line_number(text: str, position: int) -> int:
    """Return the 1-based number of the line ``position`` is in."""
    return sum(1 for _ in LINE_END.finditer(text, 0, position)) + 1


def line_end_at(text: str, start: int) -> str:
    r"""Return the line end in use at ``start``: the next one, else the one before, else ``\n``."""
    after = LINE_END.search(text, start)
    if after:
        return after.group()
    before = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start))
    if before < 0:
        return "\n"
    return "\r\n" if text[max(0, before - 1) : before + 1] == "\r\n" else text[before]


def with_line_ends(text: str, line_end: str) -> str:
    """Return ``text`` with every line end spelt ``line_end``."""
    return LINE_END.sub(line_end, text)


def _exact(text: str, old: str, new: str, overlapping: bool) -> Iterator[Match]:
    # Where the caller spells out carriage returns itself, it means them; otherwise the file decides.
    verbatim = "\r" in old or "\r" in new or "\n" not in new or "\r" not in text
    position = text.find(old)
    while position >= 0:
        end = position + len(old)
        if not _splits_line_end(text, position) and not _splits_line_end(text, end):
            replacement = new if verbatim else with_line_ends(new, line_end_at(text, position))
            yield Match(position, end, replacement)
        else:
            end = position + 1
        position = text.find(old, position + 1 if overlapping else end)


def _splits_line_end(text: str, position: int) -> bool:
    return 0 < position < len(text) and text[position - 1 : position + 1] == "\r\n"


def _other_line_ends(text: str, old: str, new: str, overlapping: bool) -> Iterator[Match]:
    if not LINE_END.search(old):
        return iter(())
    return _by_pattern(text, old, new, "", overlapping)


def _trailing_space(text: str, old: str, new: str, overlapping: bool) -> Iterator[Match]:
    if not old.strip():
        return iter(())
    return _by_pattern(text, old, new, r"[ \t]*", overlapping)


def _by_pattern(text: str, old: str, new: str, trailing: str, overlapping: bool) -> Iterator[Match]:
    """Match line by line, any line end standing for any other, ``trailing`` allowed before each."""
    lines = LINE_END.split(old)
    yield from _pattern_matches(text, lines, new, trailing, "", overlapping)
    if lines[-1] == "" and len(lines) > 1 and not text.endswith(("\n", "\r")):
        # The file's last line has no line end: the one that old and new end with is not meant to appear.
        shorter = re.sub(r"(?:\r\n|\n|\r)\Z", "", new)
        yield from _pattern_matches(text, lines[:-1], shorter, trailing, r"\Z", overlapping)


def _pattern_matches(
    text: str, lines: list[str], new: str, trailing: str, anchor: str, overlapping: bool
) -> Iterator[Match]:
    if trailing:
        stripped = [line.rstrip(" \t") for line in lines]
        if stripped[-1] != lines[-1]:
            anchor = r"(?=[\r\n]|\Z)"
        lines = stripped
    # Starting anywhere inside a long run of spaces would make the search quadratic.
    lead = r"(?<![ \t])" if trailing and not lines[0] else ""
    body = (trailing + _LINE_END_PATTERN).join(map(re.escape, lines))
    pattern = re.compile(lead + body + (trailing + anchor if anchor else ""))
    match = pattern.search(text)
    while match:
        start, end = match.span()
        if start < end and not _splits_line_end(text, start) and not _splits_line_end(text, end):
            yield Match(start, end, _rewrite(text, start, end, lines, new, trailing != ""))
            following = start + 1 if overlapping else end
        else:
            following = start + 1
        # From behind the end a search would begin at the end again, where an empty match may be.
        match = pattern.search(text, following) if following <= len(text) else None


def _rewrite(text: str, start: int, end: int, old_lines: list[str], new: str, loose: bool) -> str:
    """Spell ``new`` for this place: its line ends, and the file's own text of lines that stay."""
    return _keep_shared_lines(
        _pieces(text[start:end]),
        old_lines,
        LINE_END.split(new),
        line_end_at(text, start),
        lambda line: line.rstrip(" \t") if loose else line,
    )


def _pieces(text: str) -> list[tuple[str, str]]:
    """Split into (line, line end) pairs; the last pair's line end is empty."""
    pieces, position = [], 0
    for match in LINE_END.finditer(text):
        pieces.append((text[position : match.start()], match.group()))
        position = match.end()
    pieces.append((text[position:], ""))
    return pieces


def _keep_shared_lines(
    pieces: list[tuple[str, str]],
    old_lines: list[str],
    new_lines: list[str],
    line_end: str,
    comparable: Callable[[str], str],
    spell: Callable[[str], str] = lambda line: line,
) -> str:
    """Join ``new_lines``, taking the file's ``pieces`` where a line equals the old line at that place.

    ``pieces`` and ``old_lines`` go one to one; ``spell`` says how a line that is new is written here.
    """
    before, after = [comparable(line) for line in old_lines], [comparable(line) for line in new_lines]
    shared = {theirs: mine for mine, theirs in _shared_lines(before, after)}
    upcoming = sorted(shared.values(), reverse=True)
    parts: list[str] = []
    here = 0
    for index, line in enumerate(new_lines):
        if index in shared:
            here = upcoming.pop()
            text, end = pieces[here]
            here += 1
        elif here < (upcoming[-1] if upcoming else len(pieces)):
            # A line that takes another's place takes its line end, too.
            text, end = spell(line), pieces[here][1]
            here += 1
        else:
            text, end = spell(line), ""
        line_end = end or line_end
        parts += [text, line_end]
    return "".join(parts[:-1])


def _shared_lines(before: list[str], after: list[str]) -> Iterator[tuple[int, int]]:
    """Pair the indices of equal lines, in order; beyond a size only those both begin or end with."""
    if len(before) * len(after) <= _COMPARED_PAIRS:
        matcher = SequenceMatcher(None, before, after, autojunk=False)
        for a, b, size in matcher.get_matching_blocks():
            yield from ((a + step, b + step) for step in range(size))
        return
    shorter = min(len(before), len(after))
    begin = next((i for i in range(shorter) if before[i] != after[i]), shorter)
    rest = shorter - begin
    finish = next((i for i in range(rest) if before[-1 - i] != after[-1 - i]), rest)
    yield from ((i, i) for i in range(begin))
    yield from ((len(before) - i, len(after) - i) for i in range(finish, 0, -1))


def _indentation(text: str, old: str, new: str, overlapping: bool) -> Iterator[Match]:
    """Match whole lines whose indentation differs from the old text's in one uniform way."""
    old_lines = LINE_END.split(old)
    ends_line = len(old_lines) > 1 and old_lines[-1] == ""
    if ends_line:
        old_lines.pop()
    wanted = [line.strip(" \t") for line in old_lines]
    first = next((index for index, line in enumerate(wanted) if line), None)
    if first is None:
        return
    pieces = _pieces(text)
    offsets = [0]
    for line, end in pieces:
        offsets.append(offsets[-1] + len(line) + len(end))
    stripped = [line.strip(" \t") for line, _ in pieces]
    if pieces[-1] == ("", ""):  # behind the last line's end there is no line that could be blank
        stripped.pop()
    free_from = 0
    for index, line in enumerate(stripped):
        begin = index - first
        if line != wanted[first] or begin < free_from or stripped[begin : begin + len(wanted)] != wanted:
            continue
        here = pieces[begin : begin + len(wanted)]
        reindent = find_reindent(old_lines, [piece for piece, _ in here], LINE_END.split(new))
        if reindent is None:
            continue
        finish = offsets[begin + len(wanted)] - (0 if ends_line else len(here[-1][1]))
        line_end = line_end_at(text, offsets[begin])
        yield Match(offsets[begin], finish, _reindented(here, old_lines, new, line_end, ends_line, reindent))
        free_from = 0 if overlapping else begin + len(wanted)


def _reindented(
    pieces: list[tuple[str, str]],
    old_lines: list[str],
    new: str,
    line_end: str,
    ends_line: bool,
    reindent: Reindent,
) -> str:
    new_lines = LINE_END.split(new)
    new_ends_line = ends_line and new_lines[-1] == ""
    if new_ends_line:
        new_lines.pop()
    if not new_lines:
        return ""

    def spell(line: str) -> str:
        body = line.lstrip(" \t")
        return reindent(indent_of(line)) + body if body else ""

    body = _keep_shared_lines(pieces, old_lines, new_lines, line_end, lambda line: line.rstrip(" \t"), spell)
    # A file without a final line end keeps it that way; every other line gets the end it replaces.
    return body + (pieces[-1][1] if new_ends_line else "")


_LADDER: tuple[tuple[Rung, Callable[[str, str, str, bool], Iterator[Match]]], ...] = (
    (Rung.EXACT, _exact),
    (Rung.LINE_ENDS, _other_line_ends),
    (Rung.TRAILING_SPACE, _trailing_space),
    (Rung.INDENTATION, _indentation),
)
