"""Shows a unified diff in colour, long ones by their beginning and their files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from seedsmith.agent.frontends.line_wrapping import as_told
from seedsmith.agent.frontends.terminal import visible

if TYPE_CHECKING:
    from rich.console import Console

DIFF_LINES = 400
_HUNK = re.compile(r"^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@")
_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def show_diff(console: Console, diff: str, limit: int = DIFF_LINES, rest: str = "") -> None:
    """Print a unified diff in colour; of more than ``limit`` lines the first, and then the files.

    ``rest`` is the command that shows the whole.
    """
    from rich.text import Text

    lines = diff.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    for line, style in zip(lines[:limit], _styles(lines), strict=False):
        console.print(Text(visible(line), style), soft_wrap=True)
    if len(lines) <= limit:
        return
    whole = f"; the whole: {rest}" if rest else ""
    note = as_told(f"{len(lines) - limit:,} more lines of diff{whole}")
    console.print(Text(f"({note})", "dim"), soft_wrap=True)
    show_counts(console, diff)


def show_counts(console: Console, diff: str) -> None:
    """Print each file of a diff with how many lines of it were added and removed."""
    from rich.text import Text

    from seedsmith.agent.sessions.diffs import SessionDiff

    for each in SessionDiff(diff.encode("utf-8", "backslashreplace")).files:
        line = f"  {visible(each.path)}  +{each.added} -{each.removed}"
        console.print(Text(line, "dim"), soft_wrap=True)


def _styles(lines: list[str]) -> Iterator[str]:
    """The style of each line: within a hunk, whose length its head tells, nothing is a header."""
    old = new = 0
    for line in lines:
        if old > 0 or new > 0:
            old -= line[:1] not in ("+", "\\")
            new -= line[:1] not in ("-", "\\")
        elif hunk := _HUNK.match(line):
            old, new = (int(count or 1) for count in hunk.groups())
        elif line.startswith(("+++", "---", "diff ", "index ")):
            yield "bold"
            continue
        yield _STYLES.get(line[:1], "")
