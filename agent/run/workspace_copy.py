"""A copy of a workspace as it is, to be changed while the workspace stays; what changes there is a patch."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from seedsmith.agent.sessions.run_place import Place
from seedsmith.agent.sessions.session import COPIES, Session
from seedsmith.agent.settings.run_request import RunRequest
from seedsmith.sandbox.commands.command import finish
from seedsmith.sandbox.errors import GitError, NoRepository
from seedsmith.sandbox.git.private_clone import PrivateClone, make_clone, remove_folder
from seedsmith.sandbox.git.source import Source, open_source
from seedsmith.sandbox.isolation.hidden_folders import hidden_within
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.snapshots.checkout import DEPENDENCIES
from seedsmith.sandbox.snapshots.listing import CACHE_FOLDERS
from seedsmith.sandbox.snapshots.store import store_folder
from seedsmith.tools.base import ToolContext

MOST_FILES, MOST_BYTES = 100_000, 2 << 30
"""More is not copied."""


@dataclass(frozen=True, slots=True)
class WorkspaceCopy:
    """The copy, and what of the workspace it does not hold."""

    clone: PrivateClone
    shared: tuple[str, ...]
    """Folders of what was installed, relative; they are empty in the copy, and shown there to commands."""


@asynccontextmanager
async def copied(
    place: Place, session: Session, request: RunRequest, context: ToolContext
) -> AsyncIterator[WorkspaceCopy]:
    """A copy of the workspace of ``place``, in the folder of ``session``, that is removed at the end.

    Raises :class:`GitError` where there can be none.
    """
    folder = session.folder / COPIES / secrets.token_hex(4)
    shares = context.processes.isolation.name == "bwrap"
    root = place.workspace.root
    if hidden_within(root, request.environment):
        raise GitError("the workspace holds a home folder, which is not copied.")

    making = asyncio.ensure_future(
        asyncio.to_thread(copy_workspace, root, folder, request.environment, shares=shares)
    )

    async def gone() -> None:
        await asyncio.wait({making})  # a thread can't be stopped
        for each in (folder, store_folder(place.home, folder / "work")):
            await asyncio.to_thread(remove_folder, each)

    try:
        yield await asyncio.shield(making)
    finally:
        await finish(gone())


def copy_workspace(
    root: Path, folder: Path, environ: Mapping[str, str], *, shares: bool = True
) -> WorkspaceCopy:
    """Copy what ``root`` holds, committed or not, to the new folder ``folder``.

    A repository is cloned; a folder within one, or one that can't be cloned, is copied without its history.
    Unless it ``shares`` what was installed, that is copied as well. Raises :class:`GitError`; then nothing is
    left of the copy.
    """
    try:
        shared, caches = _left_out(root, shares=shares)
        source = _source(root)
        without = frozenset((*shared, *caches))
        clone = make_clone(source, folder, environ, without)
        if source.repository is not None:
            clone = clone.as_it_is(without)
        for each in shared:
            (clone.work / each).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        remove_folder(folder)
        raise GitError(f"{root} can't be copied: {error.strerror or error}.") from error
    except GitError:
        remove_folder(folder)
        raise
    return WorkspaceCopy(clone, shared)


def _source(root: Path) -> Source:
    try:
        return open_source(root)
    except (GitError, NoRepository):
        return Source(root, None)


def _left_out(root: Path, *, shares: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The folders of what was installed, and those of caches; raises :class:`GitError` where all is too much.

    The repository's own metadata does not count.
    """
    shared, caches = [], []
    files = size = 0
    waiting = [""]
    while waiting:
        inside = waiting.pop()
        with os.scandir(root / inside) as entries:
            for entry in entries:
                path = f"{inside}{entry.name}"
                if not entry.is_dir(follow_symlinks=False):
                    files += 1
                    size += entry.stat(follow_symlinks=False).st_size
                elif shares and (entry.name in DEPENDENCIES or os.path.lexists(f"{entry.path}/pyvenv.cfg")):
                    shared.append(path)
                elif entry.name in CACHE_FOLDERS - DEPENDENCIES:
                    caches.append(path)
                elif entry.name != ".git":
                    waiting.append(f"{path}/")
                if files > MOST_FILES or size > MOST_BYTES:
                    raise GitError(
                        f"{root} holds more than {MOST_FILES:,} files or {MOST_BYTES >> 30} GiB: "
                        "that is too much to be copied."
                    )
    return tuple(sorted(shared)), tuple(sorted(caches))
