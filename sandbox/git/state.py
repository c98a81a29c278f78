"""What git's branches, tags, stash and index are at one time, read from its files.

Git is not run: nothing of the repository's configuration counts, and nothing is written.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import asdict, field
from pathlib import Path

from seedsmith.sandbox.git.repository import Repository
from seedsmith.sandbox.lazy_dataclass import dataclass

STASH = "refs/stash"
_SHA = re.compile(r"[0-9a-f]{40}")
_MOST_REFS = 20_000
_LINE_BYTES = 4096
_FILE_BYTES = 64 << 20
_LINKS = 5


@dataclass(frozen=True, slots=True)
class GitState:
    """Where everything pointed; names are full (``refs/heads/main``)."""

    head: str = ""
    """The branch that is checked out; '' where none is."""
    commit: str = ""
    """The commit that is checked out; '' before the first one."""
    refs: dict[str, str] = field(default_factory=dict)
    stashes: tuple[tuple[str, str], ...] = ()
    """Commit and message of each stash, the newest first."""

    @property
    def tips(self) -> frozenset[str]:
        """Every commit that something pointed at."""
        named = {self.commit, *self.refs.values(), *(commit for commit, _ in self.stashes)}
        return frozenset(named - {""})

    def encode(self) -> bytes:
        """The state as it is kept; :meth:`decode` is the inverse."""
        return json.dumps(asdict(self), separators=(",", ":"), sort_keys=True).encode("ascii")

    @classmethod
    def decode(cls, content: bytes) -> GitState:
        """The state :meth:`encode` wrote."""
        document = json.loads(content)
        stashes = tuple((commit, message) for commit, message in document["stashes"])
        return cls(document["head"], document["commit"], document["refs"], stashes)


def read_state(repository: Repository) -> GitState:
    """What ``repository`` is now; what can't be read counts as not there."""
    refs = dict(_packed(repository.shared_dir))
    refs.update(_loose(repository.shared_dir))
    said = _line(f"{repository.git_dir}/HEAD")
    head = said.removeprefix("ref:").strip() if said.startswith("ref:") else ""
    commit = _resolved(repository.shared_dir, head, refs) if head else said
    logged = _content(repository.shared_dir / "logs" / STASH) if STASH in refs else b""
    return GitState(head, commit if _SHA.fullmatch(commit) else "", refs, tuple(_stashes(logged)))


def read_config(repository: Repository) -> bytes:
    """The text of the repository's own configuration; nothing where it can't be read."""
    return _content(repository.shared_dir / "config")


def read_index(repository: Repository) -> bytes:
    """The index as it is; empty where there is none, or a very large one."""
    return _content(repository.git_dir / "index")


def _packed(folder: Path) -> Iterator[tuple[str, str]]:
    for line in os.fsdecode(_content(f"{folder}/packed-refs")).splitlines():
        commit, _, name = line.partition(" ")
        if _SHA.fullmatch(commit) and name.startswith("refs/"):
            yield name, commit


def _loose(folder: Path) -> Iterator[tuple[str, str]]:
    seen = 0
    for inner, _, names in os.walk(f"{folder}/refs"):
        for name in names:
            seen += 1
            commit = _line(f"{inner}/{name}") if seen <= _MOST_REFS else ""
            if _SHA.fullmatch(commit):
                yield os.path.relpath(os.path.join(inner, name), folder), commit  # noqa: PTH118


def _resolved(folder: Path, name: str, refs: dict[str, str]) -> str:
    for _ in range(_LINKS):
        if name in refs or not name.startswith("refs/"):
            break
        said = _line(folder / name) if ".." not in name.split("/") else ""
        name = said.removeprefix("ref:").strip() if said.startswith("ref:") else ""
    return refs.get(name, "")


def _stashes(log: bytes) -> list[tuple[str, str]]:
    found = []
    for line in os.fsdecode(log).splitlines():
        about, _, message = line.partition("\t")
        commit = about[41:81]
        if _SHA.fullmatch(commit):
            found.append((commit, message))
    return found[::-1]


def _line(path: str | Path) -> str:
    return os.fsdecode(_content(path, _LINE_BYTES)).partition("\n")[0].strip()


def _content(path: str | Path, most: int = _FILE_BYTES) -> bytes:
    """The content of a regular file; empty for anything else, and for more than ``most`` bytes."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return b""
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_size > most:
        os.close(descriptor)
        return b""
    with os.fdopen(descriptor, "rb") as file:
        return file.read(most)
