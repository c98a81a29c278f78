"""Finds where a hunk belongs, and the file's new text there. Pure functions on text.

A hunk's old lines must be in the file exactly as they are. They may have moved, but then there must be only
one such place. As in git, a hunk that begins at line 1 is at the start of the file, and one without context
after its last change is at the end; otherwise an insertion could be placed anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.content.difference import Replacement, split_lines, whole_replacement
from seedsmith.tools.patch.file_patch import Hunk, Mark, PatchError, joined
from seedsmith.tools.patch.headings import Range, narrowed
from seedsmith.tools.patch.mismatch import explain_mismatch
from seedsmith.tools.text import shown_path

_SHOWN_PLACES = 5


class NotPlaced(PatchError):
    """The old lines of a hunk, or its heading, are nowhere they may be."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A hunk that found its place."""

    line: int
    """The line its old lines begin at, from 1, in the file as it was."""
    offset: int
    """How many lines below the place the patch named; 0 where it named none."""
    replacement: Replacement


@dataclass(frozen=True, slots=True)
class _Place:
    start: int
    end: int
    line: int
    """Counted from 0."""


@dataclass(frozen=True, slots=True)
class Document:
    """A file's text and how a patch is to be matched against it."""

    path: str
    text: str
    loose: bool = False
    """Whether line ends are the file's own affair: not compared, and kept."""
    known: bool = False
    """Whether this is the very content the patch was made from, so that its line numbers hold."""


def place_hunks(document: Document, hunks: Sequence[Hunk]) -> tuple[Placed, ...]:
    """Find every hunk's place, in order.

    Raises :class:`PatchError` on any doubt and :class:`NotPlaced` where the lines are nowhere. The
    replacements are in order and don't overlap.
    """
    placed: list[Placed] = []
    after = _Place(0, 0, 0)
    for number, hunk in enumerate(hunks, 1):
        which = f"hunk {number} of {shown_path(document.path)}"
        place = _find(document, hunk, after, which)
        if place is None:
            raise NotPlaced(explain_mismatch(which, document.text, hunk, first_line=after.line))
        region = document.text[place.start : place.end]
        change = whole_replacement(region, _rewritten(document, region, hunk, place.end))
        offset = place.line - (hunk.start - 1) if hunk.start and hunk.old else 0
        moved = Replacement(place.start + change.start, place.start + change.end, change.new)
        placed.append(Placed(place.line + 1, offset, moved))
        after = _Place(place.end, place.end, place.line + region.count("\n"))
    return tuple(placed)


def _find(document: Document, hunk: Hunk, after: _Place, which: str) -> _Place | None:
    if not hunk.old:
        return _find_without_old(document, hunk, after, which)
    candidates = _candidates(document, hunk, after)
    if hunk.start is None:
        return _one_by_content(document, hunk, after, candidates, which)
    if hunk.recounted:
        return _only(list(candidates), which)
    stated = max(0, hunk.start - 1)
    found: list[_Place] = []
    for place in candidates:
        if place.line == stated:
            return place
        found.append(place)
    return _only(found, which)


def _only(found: Sequence[_Place], which: str) -> _Place | None:
    if len(found) > 1:
        lines = ", ".join(str(place.line + 1) for place in found[:_SHOWN_PLACES])
        more = ", …" if len(found) > _SHOWN_PLACES else ""
        raise PatchError(
            f"The lines of {which} are in the file {len(found)} times, at lines {lines}{more}: add context "
            "until they are unique; nothing was changed."
        )
    return found[0] if found else None


def _one_by_content(
    document: Document, hunk: Hunk, after: _Place, candidates: Iterable[_Place], which: str
) -> _Place | None:
    """Choose by headings: a match inside the heading's block, else the only one after the heading."""
    found = [place for place in candidates if not hunk.at_end or place.end == len(document.text)]
    if not hunk.headings:
        return _only(found, which)
    lines = document.text.split("\n")
    for in_block in (True, False):
        ranges = narrowed(lines, Range(after.line, len(lines)), hunk.headings, in_block=in_block)
        if not ranges and not in_block:
            heading = shown_path(" / ".join(hunk.headings))
            raise NotPlaced(f"The heading '@@ {heading}' of {which} is not in the file; nothing was changed.")
        below = [place for place in found if any(each.first <= place.line < each.end for each in ranges)]
        if place := _only(below, which):
            return place
    return None


def _find_without_old(document: Document, hunk: Hunk, after: _Place, which: str) -> _Place:
    """Place a hunk that only adds lines; without a line to hold on to only the whole or the end is sure."""
    text = document.text
    whole = not text and (hunk.start or 0) <= 1
    at_end = hunk.at_end
    if document.known and hunk.start is not None:
        start = _offset_of(text, hunk.start, after)
        if start is not None:
            return _Place(start, start, hunk.start)
    if not whole and not at_end and hunk.start is not None and text.endswith("\n"):
        at_end = hunk.start == text.count("\n")
    if not whole and not at_end:
        raise PatchError(
            f"There is no unchanged and no removed line in {which} to find its place by: add the lines "
            "around it as context; nothing was changed."
        )
    return _Place(len(text), len(text), text.count("\n"))


def _offset_of(text: str, line: int, after: _Place) -> int | None:
    """Return where the line with index ``line`` begins, at or behind ``after``; None if there is none."""
    offset = after.start
    for _ in range(line - after.line):
        offset = text.find("\n", offset) + 1
        if offset == 0:
            return None
    return offset if line >= after.line else None


def _candidates(document: Document, hunk: Hunk, after: _Place) -> Iterator[_Place]:
    """Yield every place behind ``after`` where the old lines are, in the file's order."""
    text = document.text
    counted, line = after.start, after.line
    anchored = hunk.start is not None and not document.known and not hunk.recounted
    for start, end in (_loose_spans if document.loose else _exact_spans)(text, hunk, after.start):
        if anchored and hunk.start is not None and hunk.start <= 1 and start > 0:
            return
        if anchored and not hunk.ends_in_context and end < len(text):
            continue
        line += text.count("\n", counted, start)
        counted = start
        yield _Place(start, end, line)


def _exact_spans(text: str, hunk: Hunk, begin: int) -> Iterator[tuple[int, int]]:
    wanted = joined(hunk.old)
    ended = hunk.old[-1].ended
    start = text.find(wanted, begin)
    while start >= 0:
        end = start + len(wanted)
        if (start == 0 or text[start - 1] == "\n") and (ended or end == len(text)):
            yield start, end
        start = text.find(wanted, start + 1)


def _loose_spans(text: str, hunk: Hunk, begin: int) -> Iterator[tuple[int, int]]:
    r"""Match lines whatever their ends; without line numbers the file's last line may lack its own."""
    last_end = r"(?:\r?\n|\Z)" if hunk.start is None else r"\r?\n"
    ends = [r"\r?\n"] * (len(hunk.old) - 1) + [last_end if hunk.old[-1].ended else r"\Z"]
    lines = (re.escape(line.text.removesuffix("\r")) + end for line, end in zip(hunk.old, ends, strict=True))
    pattern = re.compile("(?m:^)" + "".join(lines))
    match = pattern.search(text, begin)
    while match:
        # An empty last line would match behind the last newline, where there is no line.
        if len(split_lines(match.group())) == len(hunk.old):
            yield match.span()
        following = text.find("\n", match.start()) + 1
        match = pattern.search(text, following) if following else None


def _rewritten(document: Document, region: str, hunk: Hunk, end: int) -> str:
    """Return what ``region`` becomes: kept lines as they are, added ones as given or in the file's style."""
    present = split_lines(region)
    kept = iter(present)
    line_end = _line_end(present, document.text)
    out: list[str] = []
    for line in hunk.lines:
        if line.mark is Mark.ADDED:
            in_its_style = document.loose or hunk.start is None
            added = line.text.removesuffix("\r") + line_end if in_its_style else line.text + "\n"
            out.append(added if line.ended else line.text)
            continue
        here = next(kept)
        if here.endswith("\n"):
            line_end = "\r\n" if here.endswith("\r\n") else "\n"
        if line.mark is Mark.CONTEXT:
            out.append(here)
    text = document.text
    if hunk.start is None and end == len(text) and text and not text.endswith("\n"):
        # The form without line numbers can't tell whether the file ends in a newline: it stays without.
        out = [line if line.endswith("\n") else line + line_end for line in out[:-1]] + out[-1:]
        if hunk.lines[-1].mark is Mark.ADDED:
            out[-1] = out[-1].removesuffix(line_end)
        return ("" if present else line_end) + "".join(out)
    return "".join(out)


def _line_end(present: Sequence[str], text: str) -> str:
    first = next((line for line in present if line.endswith("\n")), None)
    if first is None:
        first = text[: text.find("\n") + 1]
    return "\r\n" if first.endswith("\r\n") else "\n"
