"""Differences between two versions of a file, written so that ``git apply`` reads them."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import pairwise

from seedsmith.sandbox.git_names import quoted
from seedsmith.sandbox.lazy_dataclass import dataclass

LINK_MODE = 0o120000
"""What git calls the mode of a symbolic link."""
_CONTEXT_LINES = 3
_BINARY_PROBE_BYTES = 8000
"""A NUL this early makes a file binary: git's own rule."""
_EXHAUSTIVE_PAIRS = 250_000
"""Blocks of lines up to this many pairs are compared exhaustively, larger ones by their unique lines only."""


@dataclass(frozen=True, slots=True)
class Version:
    """A file at one time: git's mode (``0o100644``, ``0o100755``, ``0o120000``) and content.

    The content of a link is its target; None stands for content that is not at hand.
    """

    mode: int
    content: bytes | None


@dataclass(frozen=True, slots=True)
class _Match:
    """``size`` equal lines, from ``old`` in the one text and from ``new`` in the other (counted from 0)."""

    old: int
    new: int
    size: int


def file_patch(path: str, old: Version | None, new: Version | None) -> bytes:
    """The patch that turns ``old`` into ``new`` at ``path``; None stands for no file.

    Empty where both are the same. Lines end at ``\\n`` alone. Binary content, and what is too large to
    be at hand, is only said to differ.
    """
    if old == new and (old is None or old.content is not None):
        return b""
    if old is not None and new is not None and (old.mode ^ new.mode) & 0o170000:
        return file_patch(path, old, None) + file_patch(path, None, new)
    old_name, new_name = quoted("a/" + path), quoted("b/" + path)
    header = [b"diff --git %s %s\n" % (old_name, new_name)]
    if old is None and new is not None:
        header.append(b"new file mode %o\n" % new.mode)
        old_name = b"/dev/null"
    elif new is None and old is not None:
        header.append(b"deleted file mode %o\n" % old.mode)
        new_name = b"/dev/null"
    elif old is not None and new is not None and old.mode != new.mode:
        header.append(b"old mode %o\nnew mode %o\n" % (old.mode, new.mode))
    before = b"" if old is None else old.content
    after = b"" if new is None else new.content
    if before is None or after is None or is_binary(before) or is_binary(after):
        if before is None or after is None:
            header.append(b"Files %s and %s differ, and are too large to be shown\n" % (old_name, new_name))
        elif before != after:
            header.append(b"Binary files %s and %s differ\n" % (old_name, new_name))
        return b"".join(header)
    if before == after:
        return b"".join(header)
    # git ends names that hold a space with a tab, to tell them from a date.
    header.append(b"--- %s%s\n" % (old_name, b"\t" if b" " in old_name else b""))
    header.append(b"+++ %s%s\n" % (new_name, b"\t" if b" " in new_name else b""))
    return b"".join((*header, *_hunks(_lines(before), _lines(after))))


def is_binary(content: bytes) -> bool:
    """Whether git would call the content binary."""
    return b"\0" in content[:_BINARY_PROBE_BYTES]


def _lines(content: bytes) -> list[bytes]:
    lines = content.split(b"\n")
    last = lines.pop()
    return [line + b"\n" for line in lines] + ([last] if last else [])


def _hunks(old: Sequence[bytes], new: Sequence[bytes]) -> Iterator[bytes]:
    """Write out the changes between two lists of lines, with context."""
    hunk: list[tuple[int, int, int, int]] = []
    for change in _changes(old, new):
        if hunk and change[0] - hunk[-1][1] > 2 * _CONTEXT_LINES:
            yield from _hunk(old, new, hunk)
            hunk = []
        hunk.append(change)
    if hunk:
        yield from _hunk(old, new, hunk)


def _hunk(
    old: Sequence[bytes], new: Sequence[bytes], changes: Sequence[tuple[int, int, int, int]]
) -> Iterator[bytes]:
    lead = min(_CONTEXT_LINES, changes[0][0])
    trail = min(_CONTEXT_LINES, len(old) - changes[-1][1])
    old_start, old_end = changes[0][0] - lead, changes[-1][1] + trail
    new_start, new_end = changes[0][2] - lead, changes[-1][3] + trail
    yield b"@@ -%s +%s @@\n" % (_span(old_start, old_end), _span(new_start, new_end))
    position = old_start
    for old_from, old_to, new_from, new_to in changes:
        yield from (_marked(b" ", line) for line in old[position:old_from])
        yield from (_marked(b"-", line) for line in old[old_from:old_to])
        yield from (_marked(b"+", line) for line in new[new_from:new_to])
        position = old_to
    yield from (_marked(b" ", line) for line in old[position:old_end])


def _span(start: int, end: int) -> bytes:
    count = end - start
    # An empty span names the line before it.
    return b"%d" % (start + 1) if count == 1 else b"%d,%d" % (start + 1 if count else start, count)


def _marked(mark: bytes, line: bytes) -> bytes:
    return mark + line if line.endswith(b"\n") else mark + line + b"\n\\ No newline at end of file\n"


def _changes(old: Sequence[bytes], new: Sequence[bytes]) -> Iterator[tuple[int, int, int, int]]:
    """The spans (old from, old to, new from, new to) between the matches."""
    old_end = new_end = 0
    for match in [*sorted(_matches(old, new), key=lambda match: match.old), _Match(len(old), len(new), 0)]:
        if match.old > old_end or match.new > new_end:
            yield old_end, match.old, new_end, match.new
        old_end, new_end = match.old + match.size, match.new + match.size


def _matches(old: Sequence[bytes], new: Sequence[bytes]) -> Iterator[_Match]:
    """Find lines that stay, in no order: between lines unique to both (patience), then exhaustively.

    The work is bounded: what has no unique lines in common and is too large to compare is replaced whole.
    """
    pending = [(0, len(old), 0, len(new))]
    while pending:
        old_from, old_to, new_from, new_to = pending.pop()
        start = old_from
        while old_from < old_to and new_from < new_to and old[old_from] == new[new_from]:
            old_from, new_from = old_from + 1, new_from + 1
        if old_from > start:
            yield _Match(start, new_from - (old_from - start), old_from - start)
        end = old_to
        while old_from < old_to and new_from < new_to and old[old_to - 1] == new[new_to - 1]:
            old_to, new_to = old_to - 1, new_to - 1
        if end > old_to:
            yield _Match(old_to, new_to, end - old_to)
        if old_from == old_to or new_from == new_to:
            continue
        anchors = _unique_common(old, new, old_from, old_to, new_from, new_to)
        if anchors:
            edges = [(old_from, new_from), *anchors, (old_to, new_to)]
            pending.extend((a, c, b, d) for (a, b), (c, d) in pairwise(edges))
        elif (old_to - old_from) * (new_to - new_from) <= _EXHAUSTIVE_PAIRS:
            matcher = SequenceMatcher(None, old[old_from:old_to], new[new_from:new_to], autojunk=False)
            for a, b, size in matcher.get_matching_blocks():
                if size:
                    yield _Match(old_from + a, new_from + b, size)


def _unique_common(
    old: Sequence[bytes], new: Sequence[bytes], old_from: int, old_to: int, new_from: int, new_to: int
) -> list[tuple[int, int]]:
    """Positions of lines that occur once in each span, as many as keep their order."""
    old_counts = Counter(old[old_from:old_to])
    new_counts = Counter(new[new_from:new_to])
    where = {new[i]: i for i in range(new_from, new_to) if new_counts[new[i]] == 1}
    pairs = [
        (i, where[old[i]]) for i in range(old_from, old_to) if old_counts[old[i]] == 1 and old[i] in where
    ]
    # Longest increasing subsequence of the new positions: tails[n] ends the best chain of n + 1 pairs.
    tails: list[int] = []
    ends: list[int] = []
    previous: list[int] = []
    for index, (_, position) in enumerate(pairs):
        length = bisect_left(tails, position)
        previous.append(ends[length - 1] if length else -1)
        if length == len(tails):
            tails.append(position)
            ends.append(index)
        else:
            tails[length], ends[length] = position, index
    chain = []
    index = ends[-1] if ends else -1
    while index >= 0:
        chain.append(pairs[index])
        index = previous[index]
    return chain[::-1]
