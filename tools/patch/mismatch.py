"""Explains why a hunk's old lines have no place in a file: shows the first line that differs, or says why."""

from __future__ import annotations

from collections.abc import Sequence

from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.patch.file_patch import Hunk, joined
from seedsmith.tools.patch.header_names import shown

_PROBES = 3
_MOST_PLACES = 50


@dataclass(frozen=True, slots=True)
class _Nearest:
    """The place most like the old lines: its index, how many lines fit, and the first that doesn't."""

    first: int
    fitting: float
    """How many lines are as wanted; those that are but for their white space count half."""
    differing: int


def explain_mismatch(which: str, text: str, hunk: Hunk, *, first_line: int) -> str:
    """Return one sentence on why ``hunk`` has no place in ``text``.

    ``first_line`` is the index where the hunk before it ended.
    """
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    if not lines[-1]:
        lines.pop()
    wanted = [line.text.removesuffix("\r") for line in hunk.old]
    nearest = _nearest(lines, wanted, (hunk.start or 1) - 1)
    number = nearest.first + nearest.differing + 1
    if nearest.fitting == len(wanted):
        why = _why_not_there(text, hunk, nearest.first, len(wanted), len(lines), first_line)
    elif _is_applied(text, hunk):
        why = "the file already holds what it would make: it seems to be applied"
    elif number > len(lines):
        why = f"the file ends at line {len(lines)}, where the hunk has '{shown(wanted[nearest.differing])}'"
    else:
        why = (
            f"line {number} is '{shown(lines[number - 1])}', where the hunk has "
            f"'{shown(wanted[nearest.differing])}'"
        )
    return f"{which[0].upper()}{which[1:]} does not fit: {why}; nothing was changed."


def _nearest(lines: Sequence[str], wanted: Sequence[str], stated: int) -> _Nearest:
    """Compare at the stated place and wherever one of the longest wanted lines is."""
    places = {stated}
    probes = sorted(range(len(wanted)), key=lambda index: -len(wanted[index].strip()))[:_PROBES]
    for probe in probes:
        sought = wanted[probe].split()
        at = (index - probe for index, line in enumerate(lines) if sought and line.split() == sought)
        places.update(first for _, first in zip(range(_MOST_PLACES), at, strict=False) if first >= 0)
    compared = [_compare(lines, wanted, first) for first in places]
    return max(compared, key=lambda each: (each.fitting, -abs(each.first - stated)))


def _compare(lines: Sequence[str], wanted: Sequence[str], first: int) -> _Nearest:
    there = lines[first : first + len(wanted)]
    same = [found == line for found, line in zip(there, wanted, strict=False)]
    alike = [found.split() == line.split() for found, line in zip(there, wanted, strict=False)]
    differing = same.index(False) if False in same else len(same)
    return _Nearest(first, (sum(same) + sum(alike)) / 2, differing)


def _why_not_there(text: str, hunk: Hunk, first: int, length: int, total: int, first_line: int) -> str:
    """Say why lines that are in the file don't count."""
    if first < first_line:
        return f"its lines are at line {first + 1}, before the end of the hunk above: keep the file's order"
    if hunk.headings and hunk.start is None:
        heading = shown(" / ".join(hunk.headings))
        return (
            f"its lines are at line {first + 1}, not below its heading '@@ {heading}': mend that or drop it"
        )
    ended = first + length < total or text.endswith("\n")
    if hunk.old[-1].ended != ended:
        return (
            f"it differs in the newline at the end of the file, which has {'one' if ended else 'none'}: "
            r"see the line '\ No newline at end of file'"
        )
    if hunk.start is not None and hunk.start <= 1 and first > 0:
        return (
            f"its header says that it begins the file, but its lines are at line {first + 1}: correct the "
            "line numbers"
        )
    if first + length < total and (hunk.at_end or not hunk.ends_in_context):
        return (
            f"without context after its last change it must end the file, but line {first + length + 1} "
            "follows: add the unchanged lines that follow"
        )
    return "it differs in line ends (CRLF or LF) or in an invisible mark at the beginning of the file"


def _is_applied(text: str, hunk: Hunk) -> bool:
    made = joined(hunk.new)
    return bool(made.strip()) and ("\n" + made) in ("\n" + text)
