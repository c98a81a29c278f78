"""What a run's workspace was, turn by turn: snapshots taken beside the conversation, never in its way."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from seedsmith.agent.calls.data_loss import Files
from seedsmith.agent.errors import SessionError
from seedsmith.agent.events import EventSink, NoticeGiven
from seedsmith.agent.run.changes_by_others import (
    ChangesByOthers,
    IdleWatch,
    changed_by_others,
    touched_by_others,
)
from seedsmith.agent.sessions.run_place import Place
from seedsmith.agent.sessions.session import Session
from seedsmith.agent.sessions.unfinished_edits import TakenBack, take_back_half_done
from seedsmith.sandbox.errors import SnapshotError
from seedsmith.sandbox.workspace.paths import shown
from seedsmith.tools.text import first_of

if TYPE_CHECKING:
    from seedsmith.agent.run.proof.both_sides import WorkspaceStates
    from seedsmith.sandbox.git.repository import Repository
    from seedsmith.sandbox.git.state import GitState
    from seedsmith.sandbox.snapshots.changes import Changes
    from seedsmith.sandbox.snapshots.manifest_rows import Difference
    from seedsmith.sandbox.snapshots.store import SnapshotStore
    from seedsmith.sandbox.snapshots.workspace_scan import LeftOut

_QUIET_SECONDS = 1.0
"""A longer wait for a snapshot is shown."""
_NAMED = 5
_QUESTION_SECONDS = 0.2
"""The first question has left by then."""
_NEXT_QUESTION_SECONDS = 0.03
"""So has a later one: the connection is open."""


class RunSnapshots:
    """Takes the snapshots of one run, in threads, and records them in its session.

    One is begun once the first question is asked, or something is about to be changed before; one once the
    next question has left after calls that may have changed something; and one at the end, unless the run did
    nothing since the newest was begun. Calls with effects wait for the one that is due or under way.
    """

    def __init__(self, place: Place, session: Session, sink: EventSink, caches: Sequence[str] = ()) -> None:
        """``caches`` are the names of folders that its snapshots leave out besides the well-known ones."""
        self._caches = caches
        self._place = place
        self._sink = sink
        self._named: set[str] = set()
        self._notices: tuple[NoticeGiven, ...] = ()
        """What is to be told of the store."""
        self._session = session
        self._store: SnapshotStore | None = None
        self._under_way: asyncio.Future[None] | None = None
        self._first = ""
        self._taken_back: TakenBack | None = None
        self._repository: Repository | None = None
        self._git: GitState | None = None
        self._begun = self._closed = False
        self._due: int | None = None
        """After which turn something may have been changed that no snapshot was begun for."""
        self._look: Callable[[bool], None] = lambda beside: None
        self._beside = False
        self._prepare: Callable[[], None] = lambda: None
        self._shared: set[str] = set()
        """What others changed before the run did, so that no snapshot shows what theirs was."""
        self._timer: asyncio.TimerHandle | None = None
        """Begins the one that waits for a question to leave."""
        self._idle = IdleWatch(self._asked, self._begin_due)

    def begin(self) -> None:
        """Follow the run from here on; returns at once."""
        self._begun = True
        self._sink.follow(self._idle)

    def set_busy(self, busy: Callable[[], bool]) -> None:
        """Have ``busy`` say whether something of the run's may be at work while the model is asked."""
        self._idle.busy = busy

    def set_beside_questions(self, look: Callable[[bool], None], prepare: Callable[[], None]) -> None:
        """Have ``prepare`` called after each beside a question, ``look``, told if it is, before the first."""
        self._look, self._prepare = look, prepare

    async def ready(self, writes: Collection[str] = ()) -> None:
        """Return once a change loses nothing of what was; raises what kept a snapshot from being taken.

        ``writes`` are the paths that will be written, where they are known.
        """
        self._begin_due()
        self._idle.act()
        root, spans = self._place.workspace.root, tuple(self._idle.spans)
        self._shared.update(touched_by_others(root, writes, spans))
        await self._settled()
        self._tell_left_out()

    def _asked(self) -> None:
        """Let the question leave first: the snapshot's thread would hold it up."""
        if self._under_way is None or self._due is not None:
            seconds = _QUESTION_SECONDS if self._under_way is None else _NEXT_QUESTION_SECONDS
            self._stop_waiting()
            self._timer = asyncio.get_running_loop().call_later(seconds, self._begin_due, True)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _begin_due(self, beside: bool = False) -> None:
        """Begin the first snapshot, or the one that is due; no question that left before begins the next."""
        self._stop_waiting()
        if self._closed:
            return
        if self._begun and self._under_way is None:
            self._beside = beside
            self._start("the run began", whole=True)
            self._idle.rest()
        elif self._due is not None:
            turn, self._due = self._due, None
            self._start(f"turn {turn}", turn=turn)
            self._idle.rest()

    async def _settled(self) -> None:
        self._begin_due()
        if (task := self._under_way) is None:
            return
        done, _ = await asyncio.wait({task}, timeout=_QUIET_SECONDS)
        if not done:
            waits = "Waiting until what is in the workspace is recorded, so that it can be undone."
            self._sink.emit(NoticeGiven("snapshot", waits))
        await asyncio.shield(task)

    async def unrecoverable(self, files: Files) -> tuple[LeftOut, ...]:
        """Take a snapshot; return which of the ``files`` it leaves out and git does not hold either."""
        self._begin_due()
        self._start("before a call that deletes")
        await self.ready()
        return await asyncio.to_thread(self._unrecoverable, files)

    def changed(self) -> None:
        """Let a snapshot be due, as something may have been changed."""
        self._due = self._session.turns

    async def changes(self, *, compares: bool = True) -> Changes:
        """What has changed since the session began, as it is now; nothing unless it ``compares``."""
        self._idle.waits = False
        if not self._begun or not compares:
            from seedsmith.sandbox.snapshots.changes import NO_CHANGES

            return NO_CHANGES
        self._begin_due()
        if self._idle.acted is not None or self.failed:
            self._start("the run ended", whole=True)
        await self._settled()
        await asyncio.to_thread(self._complete)
        return await asyncio.to_thread(self._compared)

    async def states(self) -> WorkspaceStates:
        """The workspace before the first change, and as it is now."""
        from seedsmith.agent.run.proof.both_sides import WorkspaceStates

        if self._due is not None:
            self._begin_due()
        self._start("verification")
        await self._settled()
        assert self._store is not None
        return WorkspaceStates(self._store, self._first, self._session.snapshots[-1].id)

    def read(self, name: str) -> bytes:
        """The content that a row of a difference names."""
        assert self._store is not None
        return self._store.read(name)

    @property
    def failed(self) -> bool:
        """Whether a snapshot could not be taken."""
        task = self._under_way
        return task is not None and task.done() and not task.cancelled() and task.exception() is not None

    async def close(self) -> None:
        """Wait for what is under way, and let go of the store."""
        self._closed = True
        if self._under_way is not None:
            await asyncio.wait({self._under_way})
        if self._store is not None:
            await asyncio.to_thread(self._store.close)

    def _start(self, label: str, *, turn: int | None = None, whole: bool = False) -> None:
        before, acted = self._under_way, self._idle.acted
        turn = self._session.turns if turn is None else turn
        shared, self._shared = self._shared, set()

        async def after() -> None:
            if before is not None:
                await before
            taken, others = await asyncio.to_thread(self._take, label, whole=whole, acted=acted)
            if not self._session.snapshots and self._first != taken:
                self._session.record_snapshot(0, self._first)
            if self._taken_back is not None:
                self._tell_taken_back(self._taken_back)
            notices, self._notices = self._notices, ()
            for notice in notices:
                self._sink.emit(notice)
            self._session.record_snapshot(turn, taken, others.alone, sorted({*others.too, *shared}))
            asyncio.get_running_loop().call_later(_QUESTION_SECONDS, self._complete_meanwhile)
            if self._idle.waits:
                self._prepare()

        self._under_way = asyncio.ensure_future(after())
        self._under_way.add_done_callback(_retrieved)

    def _complete_meanwhile(self) -> None:
        """Do now, where nothing was changed since, what the newest snapshot needs to be compared with."""
        task = self._under_way
        if task is None or not task.done() or self.failed or self._closed or self._idle.acted is not None:
            return

        async def complete() -> None:
            with suppress(SessionError):  # it is tried again at the end
                await asyncio.to_thread(self._complete)

        self._under_way = asyncio.ensure_future(complete())

    def _complete(self) -> None:
        assert self._store is not None
        try:
            self._store.complete(self._session.snapshots[-1].id)
        except (OSError, SnapshotError) as error:
            raise SessionError(f"Can't record what the workspace is now: {error}") from error

    def _take(self, label: str, *, whole: bool, acted: int | None) -> tuple[str, ChangesByOthers]:
        """Take a snapshot: its id, and what changed since the run's last one, but not by the run."""
        others = ChangesByOthers()
        try:
            if self._store is None:
                from seedsmith.agent.run.opened_store import open_store

                self._look(self._beside)
                opened = open_store(self._place, self._session, self._caches)
                self._store, self._repository = opened.store, opened.repository
                self._notices = opened.notices
                self._taken_back = take_back_half_done(self._store, self._session)
            taken = self._store.take(label, whole=whole, beside=self._look_at_git(whole=whole))
            if not self._first:
                self._first = self._begun_with(self._store, taken)
            elif self._session.snapshots:
                found = self._store.differences(self._session.snapshots[-1].id, taken)
                root, spans = self._place.workspace.root, tuple(self._idle.spans)
                with suppress(SnapshotError):
                    others = changed_by_others(root, found, spans, acted)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise SessionError(f"Can't record what the workspace is now: {why}.") from error
        return taken, others

    def _compared(self) -> Changes:
        assert self._store is not None
        try:
            found = self._store.compare(self._first, self._session.snapshots[-1].id)
        except (OSError, SnapshotError) as error:
            raise SessionError(f"Can't compare what the workspace is now: {error}") from error
        return replace(found, lost=self._lost(found.differences))

    def _tell_taken_back(self, found: TakenBack) -> None:
        self._taken_back = None
        self._session.record_undo(found.before, found.after)
        names = first_of(list(map(shown, found.paths)), _NAMED)
        sentence = f"What the killed {found.tool} had begun was taken back: {names}."
        self._sink.emit(NoticeGiven("taken_back", sentence))

    def _left_out(self) -> tuple[LeftOut, ...]:
        """The files that the newest snapshot leaves out; not the folders, whose sizes nobody knows."""
        if self._store is None or not self._session.snapshots:
            return ()
        found = self._store.snapshot(self._session.snapshots[-1].id).left_out
        return tuple(each for each in found if each.size is not None)

    def _unrecoverable(self, files: Files) -> tuple[LeftOut, ...]:
        from seedsmith.sandbox.git.index import read_entries
        from seedsmith.sandbox.git.state import read_index

        left_out = self._left_out()
        if files == "all" or self._repository is None or not left_out:
            return left_out if files == "all" else ()
        staged = {name: each for (name, _), each in read_entries(read_index(self._repository)).items()}
        above = os.path.relpath(self._place.workspace.root, self._repository.top)
        found = []
        for each in left_out:
            entry = staged.get(os.fsencode(os.path.normpath(f"{above}/{each.path}")))
            if (entry is not None) != (files == "tracked"):
                continue
            now = self._place.workspace.stat(each.path, follow=False)
            if entry is None or (entry.size, entry.modified) != (now.size, now.modified_ns):
                found.append(each)
        return tuple(found)

    def _tell_left_out(self) -> None:
        new = [each for each in self._left_out() if each.path not in self._named]
        if new:
            self._named.update(each.path for each in new)
            names = first_of([f"{shown(each.path)} ({each.size:,} bytes)" for each in new], _NAMED)
            sentence = f"Not recorded, so undo can't bring it back: {names}."
            self._sink.emit(NoticeGiven("left_out", sentence))

    def _look_at_git(self, *, whole: bool) -> tuple[bytes, ...]:
        """What git's branches, stash and index are; commits that could be lost, or are, are kept first."""
        from seedsmith.sandbox.git.commits import KEPT_COMMITS, keep_at_risk, keep_index, keep_lost
        from seedsmith.sandbox.git.state import read_index, read_state

        if self._repository is None:
            return ()
        assert self._store is not None
        folder = self._store.folder / KEPT_COMMITS
        before, now = self._git, read_state(self._repository)
        if before is None:
            keep_at_risk(self._repository, now, folder)
        elif before.tips != now.tips:
            keep_lost(self._repository, before, now, folder)
        self._git = now
        if not whole:
            return (now.encode(),)
        index = read_index(self._repository)
        keep_index(self._repository, now, index, folder)
        return now.encode(), index

    def _lost(self, differences: Iterable[Difference]) -> tuple[str, ...]:
        """The files of ``differences`` whose old content no commit holds; without git the deleted ones."""
        from seedsmith.sandbox.git.commits import Commits
        from seedsmith.sandbox.git.inner_repositories import committed_within
        from seedsmith.sandbox.git.state import GitState

        assert self._store is not None
        gone = {
            path: old.name
            for path, old, new in differences
            if old is not None
            and old.name is not None
            and not old.is_folder
            and (new is None or old.name != new.name)
            and ".git" not in path.split("/")
        }
        kept = self._store.snapshot(self._first).beside
        if self._repository is None or not kept:
            deleted = {path for path, _, new in differences if new is None}
            gone = {path: name for path, name in gone.items() if path in deleted}
        else:
            commit = GitState.decode(self._store.read(kept[0])).commit
            for path in Commits(self._repository).committed(commit, gone):
                del gone[path]
        return tuple(sorted(gone.keys() - committed_within(self._place.workspace.root, gone)))

    def _begun_with(self, store: SnapshotStore, now: str) -> str:
        """The snapshot to compare with: the session's first where it is kept still, else the run's.

        A session of an older program, which kept a baseline instead, gets its first snapshot from that.
        """
        if not self._session.snapshots:
            try:
                return store.take_over(self._session.folder, now) or now
            except SnapshotError:
                return now
        for recorded in self._session.snapshots[:1]:
            try:
                return store.snapshot(recorded.id).id
            except SnapshotError:
                break
        return now


def _retrieved(task: asyncio.Future[None]) -> None:
    """Look at a failure, so that nobody is warned of one that is raised elsewhere, or of no use any more."""
    if not task.cancelled():
        task.exception()
