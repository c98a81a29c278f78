"""What a session's git calls moved (branches, stash, index), each with the command that moves it back.

Nothing of the repository is touched: the commands are for a person to run.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from seedsmith.sandbox.errors import NoRepository
from seedsmith.sandbox.git.commits import KEPT_COMMITS, index_name, kept_pack
from seedsmith.sandbox.git.index import staged_contents
from seedsmith.sandbox.git.repository import Repository, find_repository
from seedsmith.sandbox.git.state import STASH, GitState, read_index, read_state
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.snapshots.store import SnapshotStore


@dataclass(frozen=True, slots=True)
class Moved:
    """One thing of git's that is not what it was."""

    what: str
    command: str
    """For a shell, in the workspace."""


def moved(store: SnapshotStore, snapshot: str, workspace: Path) -> tuple[Moved, ...]:
    """What of git differs from what it was at ``snapshot``; nothing where there is no repository."""
    kept = store.snapshot(snapshot).beside
    try:
        repository = find_repository(workspace)
    except NoRepository:
        return ()
    if not kept:
        return ()
    before, now = GitState.decode(store.read(kept[0])), read_state(repository)
    found = [*_refs(store, before, now), *_head(before, now), *_stashes(store, before, now)]
    if len(kept) > 1:
        found += _index(store, repository, kept[1])
    return tuple(found)


def _refs(store: SnapshotStore, before: GitState, now: GitState) -> Iterator[Moved]:
    for name in sorted(before.refs.keys() | now.refs.keys()):
        was, is_now = before.refs.get(name), now.refs.get(name)
        if was == is_now or name == STASH:
            continue
        ref = shlex.quote(name)
        if was is None:
            yield Moved(f"{name} is new", f"git update-ref -d {ref} {is_now}")
        elif is_now is None:
            yield Moved(f"{name} is gone", f"{_unpacked(store, was)}git update-ref {ref} {was}")
        else:
            yield Moved(f"{name} moved", f"{_unpacked(store, was)}git update-ref {ref} {was} {is_now}")


def _head(before: GitState, now: GitState) -> Iterator[Moved]:
    if before.head and before.head != now.head:
        yield Moved("another branch is checked out", f"git symbolic-ref HEAD {shlex.quote(before.head)}")
    elif not before.head and before.commit and (now.head or before.commit != now.commit):
        yield Moved("another commit is checked out", f"git update-ref --no-deref HEAD {before.commit}")


def _stashes(store: SnapshotStore, before: GitState, now: GitState) -> Iterator[Moved]:
    present = {commit for commit, _ in now.stashes}
    for commit, message in reversed(before.stashes):  # the newest last, so that it is on top again
        if commit not in present:
            named = f"git stash store -m {shlex.quote(message)} {commit}"
            yield Moved(f"the stash {message!r} is gone", f"{_unpacked(store, commit)}{named}")
    known = {commit for commit, _ in before.stashes}
    for place, (commit, message) in reversed(list(enumerate(now.stashes))):
        if commit not in known:
            yield Moved(f"the stash {message!r} is new", f"git stash drop 'stash@{{{place}}}'")


def _index(store: SnapshotStore, repository: Repository, kept: str) -> Iterator[Moved]:
    before, now = store.read(kept), read_index(repository)
    if before and before != now and staged_contents(before) != staged_contents(now):
        source = f"git --git-dir={shlex.quote(str(store.folder))} cat-file blob {kept}"
        first = _unpacked(store, index_name(before))
        yield Moved(
            "the index differs", f"{first}{source} > {shlex.quote(str(repository.git_dir / 'index'))}"
        )


def _unpacked(store: SnapshotStore, name: str) -> str:
    """What brings the objects of a kept commit or index back first; '' where none were kept."""
    pack = kept_pack(store.folder / KEPT_COMMITS, name)
    return f"git unpack-objects -q < {shlex.quote(str(pack))} && " if pack.exists() else ""
