"""The files of a workspace that globs mean, and whether a regular expression fits one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

_LEFT_OUT = frozenset({".git", "node_modules", "__pycache__"})
_MOST_BYTES = 16 << 20


def matching(root: Path, globs: Sequence[str]) -> Iterator[Path]:
    """The regular files below ``root`` that fit one of ``globs``, in order of their paths.

    ``*`` and ``?`` stand within a name, ``**`` for any folders; a glob without ``/`` fits in any folder.
    Links are not followed.
    """
    rules = [_rule(each) for each in globs]
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT)
        for name in sorted(names):
            path = Path(folder, name)
            relative = path.relative_to(root).as_posix()
            if any(rule.fullmatch(relative) for rule in rules) and not path.is_symlink() and path.is_file():
                yield path


def grep(root: Path, pattern: str, globs: Sequence[str]) -> bool:
    """Whether ``pattern`` fits somewhere in one of the files; ``^`` and ``$`` are the ends of lines."""
    rule = re.compile(pattern.encode(), re.MULTILINE)
    return any(rule.search(content) for path in matching(root, globs) if (content := small(path)) is not None)


def small(path: Path) -> bytes | None:
    """The content of a file that is not very large; None for others, and for what can't be read."""
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError:
        return None
    return content if len(content) <= _MOST_BYTES else None


def _rule(pattern: str) -> re.Pattern[str]:
    if "/" not in pattern and pattern != "**":
        pattern = f"**/{pattern}"
    said = re.escape(pattern.removeprefix("./"))
    said = said.replace(r"\*\*/", "(?:.*/)?").replace(r"\*\*", ".*").replace(r"\*", "[^/]*")
    return re.compile(said.replace(r"\?", "[^/]"))
