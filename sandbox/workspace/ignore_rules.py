"""The ignore files of a folder as one text of rules: regular files of bounded size, and nothing else.

ripgrep opens whatever has such a file's name: it waits for a pipe without end, and takes a file of any size
into memory. Where it came to harm it is run again with these rules in place of what it would read itself.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections import deque
from collections.abc import Iterable, Iterator

from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.workspace.open_beneath import open_beneath

NAMES = (".gitignore", ".ignore", ".rgignore")
"""In the order in which they are believed, the last most."""
MOST_BYTES = 1 << 20
"""Of one file; larger ones, and what is no regular file, count as empty."""
_MOST_FOLDERS = 50_000
_MOST_SECONDS = 5.0
_NOT_ENTERED = frozenset({".git", "node_modules", "__pycache__", ".venv", ".tox", ".nox"})
_SPECIAL = re.compile(rb"([\\*?\[\]!# ])")


@dataclass(frozen=True, slots=True)
class Rules:
    """What the ignore files below a folder say."""

    text: bytes
    """As one file in that folder would say it."""
    left_out: tuple[str, ...]
    """The files that are not to be read, relative to the folder."""


def vetted_rules(folder: int, names: Iterable[str] = NAMES) -> Rules:
    """Read the files ``names`` in and below the open ``folder``, as far as the time allows."""
    wanted = tuple(names)
    lines: list[bytes] = []
    left_out: list[str] = []
    until = time.monotonic() + _MOST_SECONDS
    for path, present in _folders(folder, until):
        prefix = f"{path}/" if path else ""
        for name in (each for each in wanted if each in present):
            content = _content(folder, prefix + name)
            if content is None:
                left_out.append(prefix + name)
            else:
                lines += filter(None, (_moved(line, os.fsencode(path)) for line in content.splitlines()))
    return Rules(b"\n".join([*lines, b""]), tuple(left_out))


def _folders(root: int, until: float) -> Iterator[tuple[str, frozenset[str]]]:
    """Each folder's path below ``root`` and the names in it, outer ones first."""
    waiting = deque([""])
    for _ in range(_MOST_FOLDERS):
        if not waiting or time.monotonic() > until:
            return
        path = waiting.popleft()
        try:
            descriptor = _open(root, path or ".", os.O_RDONLY | os.O_DIRECTORY)
        except OSError:
            continue
        try:
            with os.scandir(descriptor) as entries:
                children = list(entries)
        finally:
            os.close(descriptor)
        yield path, frozenset(entry.name for entry in children)
        for entry in children:
            if entry.name not in _NOT_ENTERED and entry.is_dir(follow_symlinks=False):
                waiting.append(f"{path}/{entry.name}" if path else entry.name)


def _content(root: int, path: str) -> bytes | None:
    """What the file holds; None for what is none, is too large or can't be read."""
    try:
        descriptor = _open(root, path, os.O_RDONLY)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        content = file.read(MOST_BYTES + 1)
    return content if len(content) <= MOST_BYTES else None


def _open(root: int, path: str, flags: int) -> int:
    return open_beneath(root, path, flags, root_path="/", follow=False)


def _moved(line: bytes, folder: bytes) -> bytes:
    """The rule ``line`` of an ignore file in ``folder`` as one at the top says it; empty where it is none."""
    if not line.strip() or line.startswith(b"#"):
        return b""
    if not folder:
        return line
    negated = line.startswith(b"!")
    rule = line[1:] if negated else line
    anchored = b"/" in rule.rstrip(b" ").rstrip(b"/")
    below = rule.lstrip(b"/") if anchored else b"**/" + rule
    return (b"!" if negated else b"") + b"/" + _SPECIAL.sub(rb"\\\1", folder) + b"/" + below
