"""Reading commits, trees and files straight from a repository's objects, and keeping some of them elsewhere.

GitPython's object database reads them; git is not run, so nothing the repository configures counts.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from seedsmith.sandbox.git.index import noted_tree, staged_blobs
from seedsmith.sandbox.git.repository import Repository
from seedsmith.sandbox.git.state import GitState

KEPT_COMMITS = "commits"
"""Folder in a workspace's store that holds commits a run could make unreachable, a pack for each."""
_MOST_COMMITS = 5_000
"""So many commits are looked at to tell which are reached from somewhere else, too."""
_OBJECT_BYTES = 64 << 20


class Limits(NamedTuple):
    """How much is kept of one lost commit and of those before it."""

    commits: int
    size: int
    """Bytes of all contents."""


LOST = Limits(2_000, 256 << 20)
AT_RISK = Limits(20, 32 << 20)
_MOST_BRANCHES = 50
_MOST_ENTRIES = 1_000_000
_DEEPEST = 200
"""What lies in more folders than these is not kept."""


class _Object(NamedTuple):
    kind: bytes
    content: bytes


class _Entry(NamedTuple):
    is_folder: bool
    is_module: bool
    name: str


class Commits:
    """The objects of one repository."""

    def __init__(self, repository: Repository) -> None:
        from seedsmith.sandbox.git.object_database import ObjectDatabase

        self._prefix = os.path.relpath(repository.workspace, repository.top)
        self._database: Any = ObjectDatabase(str(repository.shared_dir / "objects"))
        self._trees: dict[str, dict[str, _Entry]] = {}
        self._entries = 0
        """Of the trees that are kept in memory."""

    def committed(self, commit: str, blobs: Mapping[str, str]) -> frozenset[str]:
        """Those of the paths of ``blobs``, from the workspace, that ``commit`` holds with just that blob."""
        tree = self._tree_of(commit)
        if tree is None:
            return frozenset()
        above = [] if self._prefix == "." else self._prefix.split("/")
        return frozenset(
            path for path, blob in blobs.items() if self._blob_at(tree, [*above, *path.split("/")]) == blob
        )

    def reached(self, starts: Iterable[str], until: Collection[str] = ()) -> frozenset[str]:
        """The commits reached from ``starts``, as far as they are looked at; it ends early past ``until``."""
        seen: set[str] = set()
        wanted = set(until)
        waiting = deque(starts)
        while waiting and len(seen) < _MOST_COMMITS and not (until and not wanted):
            commit = waiting.popleft()
            if commit in seen:
                continue
            seen.add(commit)
            wanted.discard(commit)
            waiting.extend(self._parents(commit))
        return frozenset(seen)

    def keep(self, tip: str, known: Collection[str], target: Path, limits: Limits) -> bool | None:
        """Write a pack of ``tip`` and of what it needs that the commits ``known`` have not to ``target``.

        Returns whether that was done: False where it is too much, None where ``tip`` is not there.
        """
        found: dict[str, _Object] = {}
        size = 0
        for name in self._needed(tip, frozenset(known), limits.commits):
            each = self._read(name)
            if each is None:
                continue
            size += len(each.content)
            if size > limits.size:
                return False
            found[name] = each
        if tip not in found:
            return None
        _write_pack(found, target)
        return True

    def keep_staged(self, commit: str, index: bytes, target: Path, limits: Limits) -> bool:
        """Write a pack of what ``index`` stages and ``commit`` does not hold to ``target``.

        Returns whether it holds all.
        """
        tree = self._tree_of(commit)
        if tree is not None and tree == noted_tree(index):
            return True
        missing = staged_blobs(index)
        if tree is not None:
            missing.difference_update(self._new_in(tree, [], set()))
        found: dict[str, _Object] = {}
        size = 0
        for name in sorted(missing):
            each = self._read(name)
            size += len(each.content) if each is not None else 0
            if each is not None and size <= limits.size:
                found[name] = each
        if found:
            _write_pack(found, target)
        return not missing

    def _needed(self, tip: str, known: frozenset[str], most: int) -> Iterator[str]:
        """The names of ``tip``, of at most so many commits before it, and of what is new in each."""
        waiting, seen = deque([tip]), {tip}
        had: set[str] = set()
        while waiting and most:
            commit = waiting.popleft()
            if commit in known:
                continue
            most -= 1
            parents = self._parents(commit)
            waiting.extend(parent for parent in parents if parent not in seen)
            seen.update(parents)
            yield commit
            tree = self._tree_of(commit)
            if tree is not None:
                older = [self._tree_of(parent) for parent in parents]
                yield from self._new_in(tree, [each for each in older if each is not None], had)

    def _new_in(self, tree: str, older: list[str], had: set[str], depth: int = 0) -> Iterator[str]:
        """The names of a tree and of all in it that none of the ``older`` trees has in the same place."""
        if tree in older or tree in had or depth > _DEEPEST:
            return
        had.add(tree)
        yield tree
        before = [self._listed(each) for each in older]
        for path, entry in self._listed(tree).items():
            there = [listed[path] for listed in before if path in listed]
            if entry.is_module or any(each.name == entry.name for each in there):
                continue
            if entry.is_folder:
                inner = [each.name for each in there if each.is_folder]
                yield from self._new_in(entry.name, inner, had, depth + 1)
            elif entry.name not in had:
                had.add(entry.name)
                yield entry.name

    def _blob_at(self, tree: str, parts: list[str]) -> str | None:
        for part in parts[:-1]:
            entry = self._listed(tree).get(part)
            if entry is None or not entry.is_folder:
                return None
            tree = entry.name
        entry = self._listed(tree).get(parts[-1])
        return None if entry is None or entry.is_folder else entry.name

    def _listed(self, tree: str) -> dict[str, _Entry]:
        if tree not in self._trees:
            found = self._read(tree)
            if self._entries > _MOST_ENTRIES:
                self._trees, self._entries = {}, 0
            self._trees[tree] = _entries(found.content) if found is not None else {}
            self._entries += len(self._trees[tree])
        return self._trees[tree]

    def _tree_of(self, commit: str) -> str | None:
        found = self._read(commit)
        if found is None or found.kind != b"commit":
            return None
        return found.content[5:45].decode("ascii", "replace")

    def _parents(self, commit: str) -> list[str]:
        found = self._read(commit)
        if found is None or found.kind != b"commit":
            return []
        header = found.content.partition(b"\n\n")[0]
        return [
            line[7:47].decode("ascii", "replace") for line in header.split(b"\n") if line[:7] == b"parent "
        ]

    def _read(self, name: str) -> _Object | None:
        with suppress(Exception):  # a damaged repository is no reason to fail
            stream = self._database.stream(bytes.fromhex(name))
            if stream.size <= _OBJECT_BYTES:
                return _Object(bytes(stream.type), bytes(stream.read()))
        return None


def keep_at_risk(repository: Repository, state: GitState, folder: Path) -> None:
    """Keep what one command could lose for good in ``folder``, a pack for each: stashes, branches, HEAD.

    Of branches and HEAD the newest commits, so far as no other repository is known to have them.
    """
    elsewhere = [commit for name, commit in state.refs.items() if name.startswith("refs/remotes/")]
    branches = {commit for name, commit in state.refs.items() if name.startswith("refs/heads/")}
    branches.discard(state.commit)
    _keep(repository, [commit for commit, _ in state.stashes], [state.commit], folder, LOST)
    _keep(repository, sorted(branches)[:_MOST_BRANCHES], [state.commit, *elsewhere], folder, AT_RISK)
    _keep(repository, [state.commit], elsewhere, folder, AT_RISK)


def keep_lost(repository: Repository, before: GitState, now: GitState, folder: Path) -> None:
    """Keep the commits in ``folder`` that something pointed at ``before`` and that nothing leads to now."""
    _keep(repository, sorted(before.tips - now.tips), sorted(now.tips), folder, LOST)


def keep_index(repository: Repository, state: GitState, index: bytes, folder: Path) -> None:
    """Keep what ``index`` stages and the checked out commit does not hold in ``folder``."""
    name = index_name(index)
    target, nothing = kept_pack(folder, name), _nothing(folder, name, [state.commit], LOST)
    if not index or _is_wanted(target) or _is_wanted(nothing):
        return
    if Commits(repository).keep_staged(state.commit, index, target, LOST):
        _note(nothing)


def index_name(index: bytes) -> str:
    """Under which name what an index stages is kept."""
    return f"index-{hashlib.sha256(index).hexdigest()[:40]}"


def _keep(
    repository: Repository, wanted: Iterable[str], known: Iterable[str], folder: Path, limits: Limits
) -> None:
    """Keep each of ``wanted`` that ``known`` does not lead to, but for those looked at before."""
    tips = sorted(filter(None, known))
    missing = [
        commit
        for commit in wanted
        if commit
        and not _is_wanted(kept_pack(folder, commit))
        and not _is_wanted(_nothing(folder, commit, tips, limits))
    ]
    if not missing:
        return
    commits = Commits(repository)
    reached = commits.reached(tips, missing)
    for commit in missing:
        if commit in reached or commits.keep(commit, reached, kept_pack(folder, commit), limits) is False:
            _note(_nothing(folder, commit, tips, limits))


def drop_older(folder: Path, seconds: float) -> None:
    """Drop what was kept in ``folder`` and has not been wanted since that time."""
    for path in (*folder.glob("*.pack"), *folder.glob("*.nothing")):
        if path.stat().st_mtime < seconds:
            path.unlink(missing_ok=True)


def _is_wanted(path: Path) -> bool:
    """Whether it is there already; that it is wanted still is noted."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    return True


def _nothing(folder: Path, name: str, known: Iterable[str], limits: Limits) -> Path:
    """What says, where it is there, that nothing is to be kept of ``name`` beside the commits ``known``."""
    asked = " ".join((*known, *map(str, limits)))
    beside = hashlib.sha256(asked.encode("utf-8", "replace")).hexdigest()[:16]
    return folder / f"{name}-{beside}.nothing"


def _note(nothing: Path) -> None:
    nothing.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    nothing.touch(mode=0o600)


def kept_pack(folder: Path, commit: str) -> Path:
    """Where the pack of a kept commit lies."""
    return folder / f"{commit}.pack"


def _entries(tree: bytes) -> dict[str, _Entry]:
    """What a tree holds, as far as it is one."""
    found: dict[str, _Entry] = {}
    position = 0
    while position < len(tree):
        space = tree.find(b" ", position)
        end = tree.find(b"\0", space)
        if space < 0 or end < 0:
            break
        mode, name = tree[position:space], os.fsdecode(tree[space + 1 : end])
        position = end + 21
        found[name] = _Entry(mode in (b"40000", b"040000"), mode == b"160000", tree[end + 1 : position].hex())
    return found


def _write_pack(objects: Mapping[str, _Object], target: Path) -> None:
    from gitdb.base import OStream
    from gitdb.pack import PackEntity

    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = target.with_name(f".{secrets.token_hex(8)}")
    streams = (
        OStream(bytes.fromhex(name), each.kind, len(each.content), BytesIO(each.content))
        for name, each in objects.items()
    )
    try:
        with temporary.open("xb") as file:
            PackEntity.write_pack(streams, file.write, None, len(objects), 1)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
