r"""Reading unified diffs, git's above all.

:mod:`unidiff` reads the hunks. It is shown nothing else, because of what it does with the rest: it leaves
quoted names quoted, takes copies for renames, splits names that hold spaces, and knows the marker
``\ No newline at end of file`` in English alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.patch.file_patch import Action, FilePatch, Hunk, Line, Mark, PatchError
from seedsmith.tools.patch.header_names import (
    NO_FILE,
    check_name,
    header_names,
    name_of,
    shown,
    without_prefixes,
)
from seedsmith.tools.text import count

_HUNK = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@")
_ELLIPSES = ("...", "…")
_INDEX = re.compile(r"index ([0-9a-f]+)\.\.([0-9a-f]+)(?: (\d+))?$")
_MODE = re.compile(r"(old mode|new mode|deleted file mode|new file mode) (\d+)$")
_NAME = re.compile(r"(rename|copy) (from|to|old|new) (.+)$")
_IGNORED = re.compile(r"(?:dis)?similarity index ")
_NO_NEWLINE = "\\ No newline at end of file"
_REFUSED_MODES = {"120000": "a link", "160000": "a submodule"}
_EMPTY_BLOBS = (
    "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
    "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
)
"""What git calls empty content, by SHA-1 and by SHA-256."""
_FILE_MODES = {"100644": False, "100664": False, "100755": True}


@dataclass(slots=True)
class _Section:
    """What the header lines of one file said."""

    header: tuple[str, str] | None
    first_line: int
    names: dict[str, str]
    """By ``rename from``, ``copy to``, ``---`` and so on."""
    modes: dict[str, str]
    """By ``old mode``, ``new file mode`` and so on, and ``index``."""
    blobs: tuple[str, str] | None = None
    """The beginnings of git's names for the old and the new content."""
    is_git: bool = True

    @property
    def has_content(self) -> bool:
        """Whether the header announces hunks."""
        empty_or_none = self.blobs is None or all(_is_nothing(blob) for blob in self.blobs)
        return "---" in self.names or not empty_or_none


def _is_nothing(blob: str) -> bool:
    return not blob.strip("0") or any(empty.startswith(blob) for empty in _EMPTY_BLOBS)


def parse_unified(text: str) -> tuple[FilePatch, ...]:
    """Return what the diff ``text`` does, in its order; text around the files' diffs is passed over.

    Raises :class:`PatchError` where git would refuse to read it, and for binaries, links and submodules.
    """
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    files: list[FilePatch] = []
    position = 0
    while position < len(lines):
        line = lines[position]
        if line.startswith("diff --git "):
            section, position = _read_git_header(lines, position)
        elif line.startswith("--- ") and _at(lines, position + 1).startswith("+++ "):
            section = _Section(None, position + 1, {}, {}, is_git=False)
            position = _read_names(lines, position, section)
        elif line.startswith("@@ -"):
            raise PatchError(
                f"Line {position + 1} of the patch begins a hunk, but no '--- a/FILE' and '+++ b/FILE' say "
                "which file it belongs to; nothing was changed."
            )
        else:
            _check_not_binary(line)
            position += 1
            continue
        name = shown(_any_name(section))
        hunks, position = _read_hunks(lines, position, name)
        files.append(_file_patch(section, hunks, name))
    return tuple(files)


def _at(lines: Sequence[str], position: int) -> str:
    return lines[position] if position < len(lines) else ""


def _read_git_header(lines: Sequence[str], position: int) -> tuple[_Section, int]:
    field = lines[position].removeprefix("diff --git ").rstrip("\r")
    section = _Section(header_names(field), position + 1, {}, {})
    position += 1
    while position < len(lines):
        line = lines[position].rstrip("\r")
        if match := _MODE.match(line):
            section.modes[match[1]] = match[2]
        elif match := _NAME.match(line):
            side = {"old": "from", "new": "to"}.get(match[2], match[2])
            section.names[f"{match[1]} {side}"] = name_of(match[3])
        elif match := _INDEX.match(line):
            section.blobs = match[1], match[2]
            if match[3]:
                section.modes["index"] = match[3]
        elif not _IGNORED.match(line):
            break
        position += 1
    if position < len(lines):
        _check_not_binary(lines[position])
        if lines[position].startswith("--- "):
            position = _read_names(lines, position, section)
    return section, position


def _read_names(lines: Sequence[str], position: int, section: _Section) -> int:
    for key in ("---", "+++"):
        if not _at(lines, position).startswith(key + " "):
            raise PatchError(
                f"Line {position + 1} of the patch must begin with '{key} '; nothing was changed."
            )
        section.names[key] = name_of(lines[position].removeprefix(key + " ").rstrip("\r"))
        position += 1
    return position


def _check_not_binary(line: str) -> None:
    if line.startswith("GIT binary patch") or re.match(r"Binary files .* differ\r?$", line):
        what = f" ({shown(line)})" if line.startswith("Binary files") else ""
        raise PatchError(f"The patch changes a binary file{what}, and patch changes text only: use shell.")


def _any_name(section: _Section) -> str:
    """The best name there is for messages."""
    names = section.names
    for key in ("rename to", "copy to"):
        if key in names:
            return names[key]
    old, new = section.header or (names.get("---", NO_FILE), names.get("+++", NO_FILE))
    old, new = without_prefixes(old, new)
    return old if new == NO_FILE else new


def _read_hunks(lines: Sequence[str], position: int, name: str) -> tuple[tuple[Hunk, ...], int]:
    body: list[str] = []
    headers: list[tuple[str, str]] = []
    while _at(lines, position).startswith("@@"):
        header, end = _extent_of_hunk(lines, position, f"hunk {len(headers) + 1} of {name}")
        headers.append((lines[position], header))
        body += [header, *lines[position + 1 : end]]
        position = end
    hunks = _through_unidiff(body, name) if body else ()
    return tuple(_as_headed(hunk, *each) for hunk, each in zip(hunks, headers, strict=True)), position


def _as_headed(hunk: Hunk, written: str, read: str) -> Hunk:
    """``hunk`` with what its header as it was written says of its place."""
    if _HUNK.match(written):
        return replace(hunk, recounted=read != written)
    heading = _heading(written)
    return replace(hunk, start=None, headings=(heading,) if heading else ())


def _heading(header: str) -> str | None:
    """The line that a header without numbers, ``@@ def f():``, names; '' for none, None for any other."""
    heading = header.removeprefix("@@").strip().removesuffix("@@").strip()
    return None if heading[:1] in ("-", "+", "@") else "" if heading in _ELLIPSES else heading


def _extent_of_hunk(lines: Sequence[str], start: int, which: str) -> tuple[str, int]:
    """Return the hunk's header, its counts put right where they don't fit, and the index after its end."""
    header = _HUNK.match(lines[start])
    if header is None and _heading(lines[start]) is not None:
        old, new, after = _counted(lines, start)
        return f"@@ -1,{old} +1,{new} @@", after
    if header is None:
        raise PatchError(
            f"The header of {which}, {shown(lines[start])!r}, has no line numbers: it should look like "
            "'@@ -12,5 +12,6 @@'; nothing was changed."
        )
    end = _counted_end(lines, start, int(header[2] or 1), int(header[4] or 1))
    if end is not None:
        return lines[start], end
    old, new, after = _counted(lines, start)
    return f"@@ -{header[1]},{old} +{header[3]},{new} @@{lines[start][header.end() :]}", after


def _counted_end(lines: Sequence[str], start: int, old: int, new: int) -> int | None:
    """Return the index after ``old`` and ``new`` lines; None where others follow, or too few."""
    position = start + 1
    while old > 0 or new > 0:
        mark = _at(lines, position)[:1] if position < len(lines) else "@"
        if mark in (" ", "", "\r"):
            old, new = old - 1, new - 1
        elif mark == "-":
            old -= 1
        elif mark == "+":
            new -= 1
        elif mark != "\\":
            return None
        position += 1
    if old or new:
        return None
    if _at(lines, position).startswith("\\ "):
        position += 1
    return None if _goes_on(lines, position) else position


def _goes_on(lines: Sequence[str], position: int) -> bool:
    """Whether lines that look like more of a hunk follow its end; git would silently drop them."""
    line = _at(lines, position)
    if line.startswith("--- ") and _at(lines, position + 1).startswith("+++ "):
        return False
    # Mails end with a signature after "-- ".
    return line[:1] in ("+", "-", " ") and line.rstrip("\r") not in ("-- ", "--") and bool(line.strip())


def _counted(lines: Sequence[str], start: int) -> tuple[int, int, int]:
    """Count the old and the new lines that look like the hunk's; return them and the index after them."""
    position, old, new = start + 1, 0, 0
    while position < len(lines):
        mark = lines[position][:1]
        blank = mark in ("", "\r") and _at(lines, position + 1)[:1] in (" ", "+", "-")
        if not (blank or mark in (" ", "\\") or _goes_on(lines, position)):
            break
        old += blank or mark in (" ", "-")
        new += blank or mark in (" ", "+")
        position += 1
    return old, new, position


def _through_unidiff(lines: Sequence[str], name: str) -> tuple[Hunk, ...]:
    from unidiff.errors import UnidiffParseError
    from unidiff.patch import PatchSet

    body = ((_NO_NEWLINE if line.startswith("\\") else line) + "\n" for line in lines)
    try:
        parsed = PatchSet(["--- a\n", "+++ b\n", *body])[0]
    except UnidiffParseError as error:
        raise PatchError(f"The hunks of {name} can't be read ({error}); nothing was changed.") from None
    hunks = []
    for number, hunk in enumerate(parsed, 1):
        read: list[Line] = []
        for line in hunk:
            if line.line_type == "\\":
                if read:
                    read[-1] = Line(read[-1].mark, read[-1].text, ended=False)
            else:
                read.append(Line(Mark(line.line_type), line.value.removesuffix("\n")))
        made = Hunk(tuple(read), hunk.source_start)
        _check_hunk(made, f"Hunk {number} of {name}")
        hunks.append(made)
    return tuple(hunks)


def _check_hunk(hunk: Hunk, which: str) -> None:
    if all(line.mark is Mark.CONTEXT for line in hunk.lines):
        raise PatchError(f"{which} changes nothing: it has no line with '+' or '-'.")
    before_last = (line for side in (hunk.old, hunk.new) for line in side[:-1])
    if not all(line.ended for line in before_last) or not all(line.ended or line.text for line in hunk.lines):
        raise PatchError(
            f"{which} has '{_NO_NEWLINE}' before its last line or after an empty one, where it can't be; "
            "nothing was changed."
        )


def _file_patch(section: _Section, hunks: tuple[Hunk, ...], name: str) -> FilePatch:
    _check_modes(section, name)
    action = _action(section)
    source, path = _names(section, action)
    modes = section.modes
    wanted = modes.get("new file mode") or modes.get("new mode")
    executable = None if wanted is None else _FILE_MODES[wanted]
    if not hunks and (section.has_content or (action is Action.CHANGE and executable is None)):
        raise PatchError(
            f"There is no hunk after the header of {name}, so the patch may be cut off; nothing was changed."
        )
    _check_sides(action, hunks, name)
    may_be_new = not section.is_git and len(hunks) == 1 and not hunks[0].old and hunks[0].start == 0
    old_blob = section.blobs[0] if section.blobs else ""
    return FilePatch(action, path, source, hunks, executable, old_blob, may_be_new=may_be_new)


def _check_modes(section: _Section, name: str) -> None:
    if ("old mode" in section.modes) != ("new mode" in section.modes):
        raise PatchError(f"{name} needs both 'old mode' and 'new mode' in its header; nothing was changed.")
    for mode in section.modes.values():
        if mode in _REFUSED_MODES:
            raise PatchError(
                f"{name} is {_REFUSED_MODES[mode]} (mode {mode}), and patch changes regular files only: "
                "nothing was changed."
            )
        if mode not in _FILE_MODES:
            raise PatchError(
                f"{name} has mode {mode}, which no regular file has in git; nothing was changed."
            )


def _action(section: _Section) -> Action:
    names, modes = section.names, section.modes
    if "new file mode" in modes or names.get("---") == NO_FILE:
        return Action.CREATE
    if "deleted file mode" in modes or names.get("+++") == NO_FILE:
        return Action.DELETE
    if "rename from" in names or "rename to" in names:
        return Action.RENAME
    if "copy from" in names or "copy to" in names:
        return Action.COPY
    return Action.CHANGE


def _names(section: _Section, action: Action) -> tuple[str | None, str]:
    """Return the file read and the file written; raise :class:`PatchError` where the header contradicts."""
    names = section.names
    where = f"The file header at line {section.first_line} of the patch"
    if action in (Action.RENAME, Action.COPY):
        verb = "rename" if action is Action.RENAME else "copy"
        old, new = names.get(f"{verb} from"), names.get(f"{verb} to")
        if old is None or new is None:
            raise PatchError(f"{where} needs both '{verb} from' and '{verb} to'; nothing was changed.")
        for key, name in (("---", old), ("+++", new)):
            if key in names and not f"/{names[key]}".endswith(f"/{name}"):
                raise PatchError(
                    f"{where} says '{verb}' of {shown(name)}, but '{key} {shown(names[key])}'; nothing was "
                    "changed."
                )
        return check_name(old), check_name(new)
    pairs = []
    header = section.header
    if header:
        pairs.append(without_prefixes(*header))
    if "---" in names:
        pair = names["---"], names["+++"]
        if header and all(name in (NO_FILE, called) for name, called in zip(pair, header, strict=True)):
            # With the header's own spelling its own prefixes go; a missing side is named by the other.
            pair = header
        pairs.append(without_prefixes(*pair))
    found = {name for pair in pairs for name in pair if name != NO_FILE}
    if len(found) != 1:
        what = " and ".join(shown(name) for name in sorted(found)) or "no file"
        raise PatchError(f"{where} names {what}, where it must name one file; nothing was changed.")
    path = check_name(found.pop())
    return (None if action is Action.CREATE else path), path


def _check_sides(action: Action, hunks: tuple[Hunk, ...], name: str) -> None:
    if action is Action.CREATE and any(hunk.old for hunk in hunks):
        raise PatchError(f"The patch creates {name}, but its hunk removes or keeps lines of it.")
    if action is Action.DELETE and any(hunk.new for hunk in hunks):
        raise PatchError(f"The patch deletes {name}, but its hunk leaves lines in it.")
    if action is Action.CREATE and len(hunks) > 1:
        several = count(len(hunks), "hunk")
        raise PatchError(f"The patch creates {name} by {several}, where one holds the whole file.")
