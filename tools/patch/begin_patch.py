"""Reading the ``*** Begin Patch`` form: places are told by content and by headings, not by line numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from seedsmith.tools.patch.file_patch import Action, FilePatch, Hunk, Line, Mark, PatchError
from seedsmith.tools.patch.header_names import shown

BEGIN = "*** Begin Patch"
_END = "*** End Patch"
_END_OF_FILE = "*** End of File"
_MOVE = "*** Move to: "
_FILE = re.compile(r"\*\*\* (Add|Delete|Update) File: (.+)$")
_NUMBERS = re.compile(r"@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@")


def is_begin_patch(text: str) -> bool:
    """Whether ``text`` is written in this form."""
    lines = text.strip().split("\n")
    first = 1 if _is_fenced(lines) else 0
    return lines[first].lstrip().startswith("*** ") and any(
        line.rstrip() == BEGIN or _FILE.match(line.rstrip()) for line in lines
    )


def _is_fenced(lines: Sequence[str]) -> bool:
    """Whether the first and the last of ``lines`` are a Markdown code fence."""
    return len(lines) > 2 and lines[0].startswith("```") and lines[-1].strip() == "```"


def parse_begin_patch(text: str) -> tuple[FilePatch, ...]:
    """Return what ``text`` does, in its order; raises :class:`PatchError` naming the line that is wrong."""
    lines = text.strip().split("\n")
    if all(line.endswith("\r") for line in lines[:-1]):
        lines = [line.removesuffix("\r") for line in lines]
    first, end = (1, len(lines) - 2) if _is_fenced(lines) else (0, len(lines) - 1)
    if lines[first].strip() != BEGIN:
        raise PatchError(f"The patch must begin with '{BEGIN}'; nothing was changed.")
    if lines[end].strip() != _END:
        raise PatchError(f"The patch does not end with '{_END}', so it may be cut off; nothing was changed.")
    files: list[FilePatch] = []
    position = first + 1
    while position < end:
        if not lines[position].strip():
            position += 1
            continue
        match = _FILE.match(lines[position].rstrip())
        if match is None:
            raise _unexpected(
                lines, position, "where '*** Add File: ', '*** Delete File: ' or '*** Update File: ' belongs"
            )
        stop = _end_of_section(lines, position + 1, end)
        files.append(_file_patch(match[1], match[2].strip(), lines, position + 1, stop))
        position = stop
    return tuple(files)


def _end_of_section(lines: Sequence[str], position: int, end: int) -> int:
    while position < end and not _FILE.match(lines[position].rstrip()):
        position += 1
    return position


def _file_patch(verb: str, path: str, lines: Sequence[str], start: int, stop: int) -> FilePatch:
    if verb == "Add":
        return _added(path, lines, start, stop)
    if verb == "Delete":
        for position in range(start, stop):
            if lines[position].strip():
                raise _unexpected(
                    lines, position, f"below '*** Delete File: {shown(path)}', which has no lines"
                )
        return FilePatch(Action.DELETE, path, path, any_content=True)
    target = path
    if start < stop and lines[start].startswith(_MOVE):
        target = lines[start].removeprefix(_MOVE).strip()
        start += 1
    hunks = _read_hunks(path, lines, start, stop)
    if not hunks and target == path:
        raise PatchError(f"'*** Update File: {shown(path)}' is followed by no change; nothing was changed.")
    return FilePatch(Action.CHANGE if target == path else Action.RENAME, target, path, hunks)


def _added(path: str, lines: Sequence[str], start: int, stop: int) -> FilePatch:
    content = []
    for position in range(start, stop):
        line = lines[position]
        if line.startswith("+"):
            content.append(Line(Mark.ADDED, line[1:]))
        elif line.strip():
            raise _unexpected(
                lines, position, f"where every line of the new file {shown(path)} begins with '+'"
            )
    hunks = (Hunk(tuple(content)),) if content else ()
    return FilePatch(Action.CREATE, path, None, hunks)


def _read_hunks(path: str, lines: Sequence[str], start: int, stop: int) -> tuple[Hunk, ...]:
    hunks: list[Hunk] = []
    headings: list[str] = []
    position = start
    while position < stop:
        line = lines[position]
        if line.startswith("@@"):
            heading = "" if _NUMBERS.match(line) else line.removeprefix("@@").strip()
            headings += [heading] if heading else []
            position += 1
            continue
        end = next((at for at in range(position, stop) if _ends_hunk(lines[at])), stop)
        at_end = end < stop and not lines[end].startswith("@@")
        if read := _read_lines(lines, position, end):
            hunks.append(_checked(Hunk(read, None, tuple(headings), at_end), path, len(hunks) + 1))
            headings = []
        position = end + at_end
    return tuple(hunks)


def _ends_hunk(line: str) -> bool:
    return line.startswith("@@") or line.rstrip() == _END_OF_FILE


def _read_lines(lines: Sequence[str], start: int, end: int) -> tuple[Line, ...]:
    # Empty lines at the end only set the hunk off from what follows.
    while end > start and not lines[end - 1]:
        end -= 1
    for position in range(start, end):
        if lines[position][:1] not in ("", " ", "+", "-"):
            raise _unexpected(lines, position, "where every line of a hunk begins with ' ', '+' or '-'")
    return tuple(Line(Mark(line[:1] or " "), line[1:]) for line in lines[start:end])


def _checked(hunk: Hunk, path: str, number: int) -> Hunk:
    which = f"Hunk {number} of {shown(path)}"
    if all(line.mark is Mark.CONTEXT for line in hunk.lines):
        raise PatchError(f"{which} changes nothing: it has no line with '+' or '-'.")
    return hunk


def _unexpected(lines: Sequence[str], position: int, where: str) -> PatchError:
    return PatchError(
        f"Line {position + 1} of the patch is {shown(lines[position])!r}, {where}; nothing was changed."
    )
