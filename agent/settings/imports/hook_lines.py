"""The command line of another agent's hook as the argument list of one of ours."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

_PROJECT = re.compile(r'"?\$(?:\{CLAUDE_PROJECT_DIR\}|CLAUDE_PROJECT_DIR\b)"?')
_HOME = re.compile(r"\$(?:\{HOME\}|HOME\b)")
_FOR_A_SHELL = re.compile(r"[|&;<>()`$*?\[\]{}#!\n]|^\w+=")


def argv_of(line: str, home: Path) -> tuple[list[str], str]:
    """The arguments, and what a person should know of them; '' where nothing.

    A plain call is taken apart, so that the file of the home folder that it names is shown to the sandbox;
    what a shell has to read stays a line for ``sh``. The project's folder is the current one.
    """
    line = _HOME.sub(lambda _: str(home), _PROJECT.sub(".", line)).strip()
    try:
        words = shlex.split(line)
    except ValueError:
        words = []
    if words and not any(_FOR_A_SHELL.search(word) for word in words):
        return [str(home / word[2:]) if word.startswith("~/") else word for word in words], ""
    hidden = "~/" in line or str(home) in line
    note = "it names files of the home folder within a shell line, which the sandbox does not show"
    return ["sh", "-c", line], note if hidden else ""
