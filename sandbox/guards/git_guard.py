"""Watch over git's configuration and hooks, which run programs outside the sandbox.

See docs/sandbox.md, "Commands" and "Git".
What git would execute or obey is compared by content, wherever it lies in the workspace, and put back after
each command; what the strong tier shows read-only and can't be moved is left out. A repository that a command
made is set aside where git would run something of it. All of it happens when no process of the command is
left, and other commands are held still.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from seedsmith.sandbox.guards.files_git_obeys import included_files, obeyed_files, parts_of
from seedsmith.sandbox.guards.git_folders import (
    DOT_GIT,
    followed,
    obeyed_folders,
    read_only_paths,
)
from seedsmith.sandbox.guards.harmless_repository import is_harmless
from seedsmith.sandbox.guards.kept_files import KeptFiles, Save, is_closed, listed
from seedsmith.sandbox.guards.known_folders import KnownFolders
from seedsmith.sandbox.guards.links_out import LinksOut

_WHERE_TO_LOOK = ("config", "config.worktree", "commondir", "worktrees", "modules")
_MOST_MADE = 500
"""So many repositories that commands made are looked into after each; any more are set aside unseen."""


class GitGuard:
    """Remembers a workspace's git metadata at each :meth:`refresh`, which comes before the first command.

    With ``restores`` off changes are only reported. ``is_bound`` says that commands see read-only what
    :meth:`bound` names. ``save`` keeps what is undone, see :class:`KeptFiles`; ``folders`` are those of the
    workspace, where others look at them, too.
    """

    def __init__(
        self,
        root: Path,
        *,
        restores: bool,
        is_bound: bool = False,
        save: Save | None = None,
        folders: KnownFolders | None = None,
    ) -> None:
        self._root = root
        self.restores = restores
        """Whether it puts changes back rather than only reporting."""
        self._is_bound = is_bound
        self._folders = folders or KnownFolders(root, but=root / DOT_GIT if is_bound else None)
        self._kept = KeptFiles(root, self._obeyed, save)
        self._links = LinksOut()
        self._trusted: dict[Path, int] = {}
        self._made: dict[Path, None] = {}
        self._watched: dict[Path, tuple[Path, ...]] = {}
        self._included: tuple[Path, ...] = ()
        self._parts: frozenset[Path] = frozenset()
        self._bound: tuple[Path, ...] = ()
        self._settled: tuple[object, ...] = (None,)
        self._told_lost: set[Path] = set()
        self._notes: list[str] = []
        self._looked = False
        self._moved: dict[Path, Path] = {}

    @classmethod
    def capture(
        cls, root: Path, *, restores: bool = True, is_bound: bool = False, save: Save | None = None
    ) -> GitGuard:
        """One that remembers what lies below ``root`` now; the parameters are those of the class."""
        guard = cls(root, restores=restores, is_bound=is_bound, save=save)
        guard.refresh()
        return guard

    def look(self) -> None:
        """Walk the folders for the first time, if nobody did; from any thread."""
        self._folders.look()

    def refresh(self) -> None:
        """Accept what changed since the last command: the user's own doing. Cheap where nothing did."""
        self._trust(self._folders.first_look())
        appeared = self._folders.appeared(near=True)  # Between two commands it is the user who made them.
        self._trust(entry for entry in appeared if entry not in self._made)
        here = [entry for entry in self._trusted if os.path.lexists(entry) or is_closed(entry)]
        self._trusted = {entry: _inode(entry, self._trusted[entry]) for entry in here}
        self._told_lost.clear()
        self._watch()
        if self.restores:
            self._kept.remember()
            self._links.remember(set().union(*self._watched.values()))

    def bound(self, *, alone: bool) -> tuple[Path, ...]:
        """What commands are to see read-only; with others running only what those can't have moved."""
        return self._bound if alone else tuple(path for path in self._bound if path.parent == self._root)

    def is_harmed(self) -> bool:
        """Whether there is something to put back, or to set aside; looks for what appeared as well."""
        self._look_around()
        self._looked = True
        return self.restores and (
            any(self._returnable())
            or self._kept.is_changed(self._is_lost)
            or any(self._harmful())
            or any(self._links.new(self._written()))
        )

    def restore(self) -> list[str]:
        """Put back what a command changed; returns sentences on that, and what :meth:`report` does."""
        if not self._looked:
            self._look_around()
        notes = []
        if self.restores:
            returned = self._return_moved()
            restored, failed = self._kept.put_back(self._is_lost)
            if restored or returned:
                names = listed([*returned, *restored])
                notes.append(f"The command's changes to git's own files were undone: {names}.")
            if failed:
                notes.append(f"The command changed git's own files for good: {listed(failed)}.")
            notes += [*self._set_aside(), *self._unlink()]
        return notes + self.report()

    def report(self) -> list[str]:
        """Sentences on repositories that are gone, and on those that appeared, each told once."""
        if not self._looked:
            self._look_around()
        self._looked = False
        notes, self._notes = [*self._report_lost(), *self._notes], []
        return notes

    def _trust(self, entries: Iterable[Path]) -> None:
        for entry in entries:
            with suppress(OSError):
                if not self._is_part(entry):
                    self._trusted[entry] = os.lstat(entry).st_ino

    def _is_part(self, entry: Path) -> bool:
        """Whether it is a worktree or module of a repository that is trusted, watched with that one."""
        for folder in entry.parents:
            inside = entry.relative_to(folder).parts
            if folder in self._trusted and DOT_GIT not in inside:
                return inside[0] == "modules" or inside[:-1] == ("worktrees",)
        return False

    def _watch(self) -> None:
        """Settle which folders git obeys by what the entries say now, and which of them are read-only."""
        if self._is_bound and self._signature() == self._settled:
            return
        self._watched = {entry: obeyed_folders(entry, self._root) for entry in self._trusted}
        if self._is_bound:
            own = self._root / DOT_GIT
            self._bound = read_only_paths(dict.fromkeys((own, *self._trusted)), self._root)
        held = self._held()
        obeyed = [folder for folders in self._watched.values() for folder in folders]
        self._included = tuple(
            dict.fromkeys(path for folder in obeyed for path in included_files(folder, self._root))
        )
        self._parts = frozenset(part for folder in obeyed if folder not in held for part in parts_of(folder))
        self._settled = self._signature()

    def _signature(self) -> tuple[object, ...]:
        """What differs where git would look elsewhere than before."""
        folders = [folder for folders in self._watched.values() for folder in folders]
        entries = [(entry, inode, _changed(entry)) for entry, inode in self._trusted.items()]
        named = (_changed(f"{folder}/{name}") for folder in folders for name in _WHERE_TO_LOOK)
        return (*entries, *named, *map(_changed, self._included))

    def _held(self) -> frozenset[Path]:
        """What commands can neither change nor move: read-only, and at the top, which is held itself."""
        return frozenset(self.bound(alone=False))

    def _obeyed(self) -> Iterator[Path]:
        """What is watched: the entries that name another folder, and all that git obeys in the folders."""
        held = self._held()
        seen: set[Path] = set()
        for entry, folders in self._watched.items():
            if entry not in held and (os.path.islink(entry) or not os.path.isdir(entry)):
                yield entry
            for folder in folders:
                if folder not in held and folder not in seen:
                    seen.add(folder)
                    yield folder
                    yield from obeyed_files(folder, self._root, self._parts)
        yield from self._included

    def _written(self) -> set[Path]:
        """Git's own folders in the workspace that commands can write, those of repositories they made too."""
        made = {folder for entry in self._made for folder in obeyed_folders(entry, self._root)}
        return made.union(*self._watched.values()) - self._held()

    def _unlink(self) -> list[str]:
        """Remove the links by which git would write elsewhere."""
        done = []
        for path in list(self._links.new(self._written())):
            with suppress(OSError):
                path.unlink()
                done.append(os.fspath(path.relative_to(self._root)))
        if not done:
            return []
        return [f"The command's links that lead out of git's own folders were removed: {listed(done)}."]

    def _is_lost(self, path: Path) -> bool:
        """Whether the folder of git's that ``path`` was in is gone: nothing to put it back into."""
        for folders in self._watched.values():
            for folder in folders:
                if folder == path or folder in path.parents:
                    missing = next((part for part in self._parts if part in path.parents), folder)
                    return not os.path.lexists(folder) or not os.path.lexists(missing)
        return False

    def _look_around(self) -> None:
        """Find the repositories that appeared, and tell those a command moved from those it made."""
        appeared = []
        for entry in self._folders.appeared():
            if entry in self._trusted or entry in self._made or self._is_part(entry):
                continue
            before = self._place_before(entry)
            if before is not None:
                self._follow(before, entry)
            else:
                self._made[entry] = None
            folder = entry.parent if entry.name == DOT_GIT else entry
            if DOT_GIT not in folder.relative_to(self._root).parts:
                appeared.append(os.path.relpath(folder, self._root))
        if appeared:
            names = listed(dict.fromkeys(appeared))
            self._notes.append(f"New git repositories appeared, whose settings nobody has vetted: {names}.")

    def _place_before(self, entry: Path) -> Path | None:
        """Where what is at ``entry`` was when the command began, if it was known then and is gone."""
        inode = _inode(entry)
        for known, number in self._trusted.items():
            if number == inode and not os.path.lexists(known):
                return known
        return None

    def _follow(self, before: Path, after: Path) -> None:
        self._kept.rename(before, after)
        self._trusted[after] = self._trusted.pop(before)
        self._told_lost.add(before)

        def moved(path: Path) -> Path:
            return after / path.relative_to(before) if before in (path, *path.parents) else path

        self._watched[after] = tuple(map(moved, self._watched.pop(before, ())))
        self._parts = frozenset(map(moved, self._parts))
        self._moved[after] = before

    def _return_moved(self) -> list[str]:
        """Give back its name to git's own folder that was moved under another, where that name is free."""
        returned = []
        for after, before in list(self._returnable()):
            with suppress(OSError):
                after.rename(before)
                self._follow(after, before)
                returned.append(os.fspath(before.relative_to(self._root)))
        self._moved.clear()
        return returned

    def _returnable(self) -> Iterator[tuple[Path, Path]]:
        for after, before in self._moved.items():
            if before.name == DOT_GIT and after.name != DOT_GIT and not os.path.lexists(before):
                yield after, before

    def _harmful(self) -> Iterator[Path]:
        """The repositories made by commands in which git would run what a command wrote."""
        if not self._made:
            return
        watched = {folder for known in self._trusted for folder in followed(known)}
        for number, entry in enumerate(list(self._made)):
            if not os.path.lexists(entry):
                del self._made[entry]
                continue
            folders = [folder for folder in followed(entry) if folder not in watched]
            if number >= _MOST_MADE or not all(is_harmless(folder, self._root) for folder in folders):
                yield entry

    def _set_aside(self) -> list[str]:
        """Take from harmful repositories the name that makes them one."""
        done = []
        for entry in list(self._harmful()):
            mark = entry if os.path.islink(entry) or os.path.isfile(entry) else entry / "HEAD"
            with suppress(OSError):
                mark.rename(mark.with_name(f"{mark.name}.set-aside-{os.urandom(3).hex()}"))
                done.append(os.fspath(mark.relative_to(self._root)))
        if not done:
            return []
        return [
            "The command made repositories in which git would run programs of its choosing; they were set "
            f"aside by renaming {listed(done)}."
        ]

    def _is_returned(self, entry: Path) -> bool:
        """Whether it is a file or link that is put back; of a folder that goes only settings are kept."""
        return entry in self._kept and entry not in self._watched.get(entry, ())

    def _report_lost(self) -> list[str]:
        gone = {
            entry
            for entry, inode in self._trusted.items()
            if _inode(entry, inode) != inode and not (self.restores and self._is_returned(entry))
        }
        lost = [os.fspath(entry.relative_to(self._root)) for entry in gone - self._told_lost]
        self._told_lost |= gone
        return [f"The command removed or replaced {listed(lost)}."] if lost else []


def _changed(path: str | Path) -> int:
    """When a file or link last changed, 1 for a folder, 0 for nothing."""
    try:
        status = os.lstat(path)
    except OSError:
        return 0
    return 1 if stat.S_ISDIR(status.st_mode) else status.st_ctime_ns


def _inode(path: Path, where_closed: int = -1) -> int:
    try:
        return os.lstat(path).st_ino
    except PermissionError:
        return where_closed
    except OSError:
        return -1
