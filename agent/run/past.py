"""What a run's workspace was, turn by turn: snapshots taken beside the conversation, never in its way."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from seedsmith.agent.errors import SessionError
from seedsmith.agent.sessions.place import Place
from seedsmith.agent.sessions.session import Session
from seedsmith.sandbox.errors import SnapshotError
from seedsmith.tools.base import ToolError

if TYPE_CHECKING:
    from seedsmith.sandbox.past.changes import Changes
    from seedsmith.sandbox.past.store import SnapshotStore


class RunPast:
    """Takes the snapshots of one run, in threads, and records them in its session.

    One is begun when the run begins, one after each answer's calls that may have changed something, and one
    is taken at the end. Calls with effects wait for the one that is under way.
    """

    def __init__(self, place: Place, session: Session) -> None:
        self._place = place
        self._session = session
        self._store: SnapshotStore | None = None
        self._under_way: asyncio.Future[None] | None = None
        self._first = ""

    def begin(self) -> None:
        """Begin the first snapshot; returns at once."""
        self._start("the run began", whole=True)

    async def ready(self) -> None:
        """Return once a change loses nothing of what was; raises what kept a snapshot from being taken."""
        if self._under_way is not None:
            await asyncio.shield(self._under_way)

    def changed(self) -> None:
        """Begin a snapshot, as something may have been changed; returns at once."""
        self._start(f"turn {self._session.turns}")

    async def changes(self) -> Changes:
        """What has changed since the session began, as it is now."""
        self._start("the run ended", whole=True)
        await self.ready()
        return await asyncio.to_thread(self._compared)

    @property
    def failed(self) -> bool:
        """Whether a snapshot could not be taken."""
        task = self._under_way
        return task is not None and task.done() and not task.cancelled() and task.exception() is not None

    @property
    def begun(self) -> bool:
        """Whether there is anything to compare with."""
        return self._under_way is not None

    async def close(self) -> None:
        """Wait for what is under way, and let go of the store."""
        if self._under_way is not None:
            await asyncio.wait({self._under_way})
        if self._store is not None:
            await asyncio.to_thread(self._store.close)

    def _start(self, label: str, *, whole: bool = False) -> None:
        before, turn = self._under_way, self._session.turns

        async def after() -> None:
            if before is not None:
                await before
            self._session.record_snapshot(turn, await asyncio.to_thread(self._take, label, whole=whole))

        self._under_way = asyncio.ensure_future(after())
        self._under_way.add_done_callback(_retrieved)

    def _take(self, label: str, *, whole: bool) -> str:
        try:
            if self._store is None:
                self._store = self._open()
            taken = self._store.take(label, whole=whole)
            if not self._first:
                self._first = self._begun_with(self._store, taken)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise SessionError(f"Can't record what the workspace is now: {why}.") from error
        return taken

    def _compared(self) -> Changes:
        assert self._store is not None
        try:
            return self._store.compare(self._first, self._session.snapshots[-1].id)
        except OSError as error:
            raise SessionError(f"Can't compare what the workspace is now: {error.strerror}.") from error

    def _begun_with(self, store: SnapshotStore, now: str) -> str:
        """The snapshot to compare with: the session's first where it is kept still, else the run's."""
        for recorded in self._session.snapshots[:1]:
            try:
                return store.snapshot(recorded.id).id
            except SnapshotError:
                break
        return now

    def _open(self) -> SnapshotStore:
        from seedsmith.sandbox.past.store import SnapshotStore
        from seedsmith.tools.search.ripgrep import find_ripgrep

        try:
            ripgrep = find_ripgrep(self._place.workspace.root)
        except ToolError:
            ripgrep = None
        return SnapshotStore(self._place.home, self._place.workspace, ripgrep)


def _retrieved(task: asyncio.Future[None]) -> None:
    """Look at a failure, so that nobody is warned of one that is raised elsewhere, or of no use any more."""
    if not task.cancelled():
        task.exception()
