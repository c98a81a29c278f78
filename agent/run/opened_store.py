"""The store of a run's snapshots as it is opened, with what a person should know of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from seedsmith.agent.events import NoticeGiven
from seedsmith.agent.sessions.run_place import Place
from seedsmith.agent.sessions.session import Session
from seedsmith.sandbox.errors import NoRepository, SnapshotError
from seedsmith.sandbox.git.commits import KEPT_COMMITS, drop_older
from seedsmith.sandbox.git.repository import Repository, find_repository
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.snapshots.store import SnapshotStore
from seedsmith.tools.base import ToolError
from seedsmith.tools.search.ripgrep import find_ripgrep

_SHARED = (
    "Another session, or an undo, works in this folder: what it changes meanwhile may be told as this one's. "
    "With --worktree a session has a folder of its own."
)


@dataclass(frozen=True, slots=True)
class OpenedStore:
    """A store, and what came to light as it was opened."""

    store: SnapshotStore
    repository: Repository | None
    """The git repository that the workspace belongs to."""
    notices: tuple[NoticeGiven, ...]


def open_store(place: Place, session: Session, caches: Sequence[str]) -> OpenedStore:
    """Open the store of ``session``, and drop what is too old in it; raises OSError.

    Folders that are called as one of ``caches`` are left out, in a session that goes on those that were left
    out before.
    """
    root, repository, ripgrep = place.workspace.root, None, None
    with suppress(NoRepository):
        repository = find_repository(root)
    with suppress(ToolError):
        ripgrep = find_ripgrep(root)
    store = SnapshotStore(place.home, place.workspace, ripgrep, caches)
    for recorded in session.snapshots[-1:]:  # or what is left out from now on would seem deleted
        with suppress(SnapshotError):
            store.caches = store.snapshot(recorded.id).caches
    notices: list[NoticeGiven] = []
    if store.is_shared and not session.start.parent:
        notices.append(NoticeGiven("shared_folder", _SHARED))
    if pruned := store.prune_old({each.id for each in session.snapshots}):
        said = f"{pruned:,} old snapshots of this folder were dropped: undo goes back no further."
        notices.append(NoticeGiven("pruned", said))
        if kept := store.ids():
            drop_older(store.folder / KEPT_COMMITS, store.snapshot(kept[0]).time)
    return OpenedStore(store, repository, tuple(notices))
