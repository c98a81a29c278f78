"""Shows what an edit changed: line numbers, and within a line the words that differ."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from seedsmith.agent.frontends.conversation.hunks import ends_in_crlf, file_name
from seedsmith.agent.frontends.languages.language import Words
from seedsmith.agent.frontends.terminal import visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

MOST_LINES = 60
"""Longer changes end with a count; ``/diff`` shows them whole."""
_LEAST_COLUMNS = 16
"""So many columns a line has behind its number, however narrow the terminal is."""
_WORDS = re.compile(r"\w+|\s+|.")


def show_change(console: Console, diff: str, words: Words, most: int = MOST_LINES) -> None:
    """Print the unified ``diff`` of one or more files; text that is no diff is printed as it is."""
    from rich.text import Text

    lines = list(_numbered(diff))
    for head, line in lines[:most]:
        for row in line.wrap(console, max(console.width - len(head), _LEAST_COLUMNS)):
            row.style = ""  # else what stands before it is apart
            console.print(Text(head, line.style).append(row), soft_wrap=True)
            head = " " * len(head)
    if len(lines) > most:
        console.print(Text(f"       {words('change.more', lines=len(lines) - most)}", "dim"))


def counted_files(diff: str, words: Words) -> list[str]:
    """A line for each file of a diff: its name, and how many lines were added and removed, if any."""
    return [
        f"  {path}  " + (f"+{added} -{removed}" if added or removed else words("change.no_lines"))
        for path, added, removed in line_counts(diff)
    ]


def line_counts(diff: str) -> list[tuple[str, int, int]]:
    """Each file of a diff with its lines added and removed; empty for what can't be read."""
    from unidiff.errors import UnidiffParseError
    from unidiff.patch import PatchSet

    try:
        return [(visible(file_name(file.path)), file.added, file.removed) for file in PatchSet(diff)]
    except (UnidiffParseError, ValueError):
        return []


def _numbered(diff: str) -> Iterator[tuple[str, Text]]:
    """What stands before each line, and the line."""
    from rich.text import Text
    from unidiff.errors import UnidiffParseError
    from unidiff.patch import PatchSet

    try:
        files = PatchSet(diff)
    except (UnidiffParseError, ValueError):
        yield from (("", Text(visible(line))) for line in diff.splitlines())
        return
    for file in files:
        if len(files) > 1:
            yield "  ", Text(visible(file_name(file.path)), "bold")
        for hunk in file:
            removed: list[str] = []
            marked = [f"{line.line_type}{line.value}".removesuffix("\n") for line in hunk]
            end = "\r" if ends_in_crlf(marked) else ""
            for line in hunk:
                number = line.target_line_no or line.source_line_no or ""
                text = visible(line.value.removesuffix("\n").removesuffix(end))
                if line.line_type == "\\":
                    yield " " * 9, Text(f"\\{text}", "dim")
                elif line.is_removed:
                    removed.append(text)
                    yield f"{number:6} - ", Text(text, "red")
                elif line.is_added:
                    before = removed.pop(0) if removed else ""
                    yield f"{number:6} + ", _marked(before, text)
                else:
                    removed.clear()
                    yield f"{number:6}   ", Text(text, "dim")


def _marked(before: str, after: str) -> Text:
    """An added line, the words that ``before`` did not hold in reverse."""
    from rich.text import Text

    shown = Text("", "green")
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    if not before or matcher.ratio() < 0.5:
        return shown.append(after)
    for kind, _, _, start, end in matcher.get_opcodes():
        shown.append("".join(new[start:end]), "green" if kind == "equal" else "reverse green")
    return shown
