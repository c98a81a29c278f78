"""The workspace's files during a patch: their content, what is removed, what is added. Writes nothing."""

from __future__ import annotations

import posixpath
from dataclasses import field

from seedsmith.sandbox.errors import PathNotFound
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.workspace.workspace import Kind
from seedsmith.tools.base import ToolContext
from seedsmith.tools.content.file_lookup import not_found
from seedsmith.tools.content.loading import MAX_TEXT_BYTES, has_changed
from seedsmith.tools.patch.file_patch import PatchError
from seedsmith.tools.text import human_bytes, shown_path


@dataclass(frozen=True, slots=True)
class Original:
    """A file as it is on disk; ``mode`` holds its permission bits."""

    data: bytes
    mode: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a path is to hold; None for ``mode`` leaves it to the file there, or to the system."""

    data: bytes
    mode: int | None = None
    executable: bool | None = None


@dataclass(slots=True)
class PatchedTree:
    """Collects what a patch does to files, and refuses what can't be.

    ``leaving`` are the paths any part of the patch deletes or renames, known from the start: two files may
    swap their names, and a file may take the place of a folder.
    """

    context: ToolContext
    leaving: frozenset[str]
    originals: dict[str, Original] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    arrivals: dict[str, Arrival] = field(default_factory=dict)
    unlike_seen: set[str] = field(default_factory=set)
    """Files that are not what the model last saw; a patch whose lines fit may change them all the same."""
    _kinds: dict[str, Kind | None] = field(default_factory=dict)

    def read(self, path: str) -> bytes:
        """Return what ``path`` holds at this point of the patch."""
        arrival = self.arrivals.get(path)
        if arrival is not None:
            return arrival.data
        if path in self.left:
            raise PatchError(
                f"The patch changes {shown_path(path)} after taking it away; nothing was changed."
            )
        return self.original(path).data

    def original(self, path: str) -> Original:
        """Return the regular file at ``path`` as it is on disk, whatever the model saw of it."""
        if path not in self.originals:
            self.check_regular(path)
            workspace = self.context.workspace
            found = workspace.stat(path)
            if found.size > MAX_TEXT_BYTES:
                raise PatchError(
                    f"{shown_path(path)} has {human_bytes(found.size)}, and patch takes files up to "
                    f"{human_bytes(MAX_TEXT_BYTES)}: use shell (sed, python) for it; nothing was changed."
                )
            data = workspace.read_bytes(path)
            if has_changed(self.context, path, data):
                self.unlike_seen.add(path)
            self.originals[path] = Original(data, found.mode)
        return self.originals[path]

    def check_regular(self, path: str) -> None:
        """Raise an error unless a regular file is at ``path``, with no link on the way."""
        self._check_way(path)
        kind = self._kind(path)
        if kind is None:
            raise not_found(self.context.workspace, path)
        if kind != "file":
            raise PatchError(
                f"{shown_path(path)} is {_described(kind)}, and patch changes regular files only."
            )

    def exists(self, path: str) -> bool:
        """Whether a file is at ``path`` at this point of the patch."""
        return path in self.arrivals or (path not in self.left and self._kind(path) is not None)

    def leave(self, path: str, *, moved: bool = False) -> None:
        """Note that the file at ``path`` goes; where it is ``moved`` another may have its name already."""
        if path in self.left or path in self.changed or (path in self.arrivals and not moved):
            raise PatchError(
                f"The patch takes {shown_path(path)} away, but does something else with it before; nothing "
                "was changed."
            )
        self.context.workspace.check_writable(path)
        self.left.add(path)

    def change(self, path: str, arrival: Arrival) -> None:
        """Note the new content of a file that is there."""
        self.context.workspace.check_writable(path)
        before = self.arrivals.get(path)
        if before is not None:
            executable = before.executable if arrival.executable is None else arrival.executable
            arrival = Arrival(arrival.data, before.mode, executable)
        else:
            self.changed.add(path)
        self.arrivals[path] = arrival

    def arrive(self, path: str, arrival: Arrival) -> None:
        """Note a file where none may be; raises :class:`PatchError` if something stays there."""
        self._check_way(path)
        kind = self._kind(path)
        name = shown_path(path)
        if path in self.arrivals:
            raise PatchError(f"The patch makes {name} twice; nothing was changed.")
        if kind == "folder" and not self._is_emptied(path):
            raise PatchError(f"{name} is a folder, so no file can be made there; nothing was changed.")
        if kind not in (None, "folder") and path not in self.leaving:
            raise PatchError(f"{name} exists already, so the patch can't make it; nothing was changed.")
        if kind != "folder" and self.leaving.isdisjoint(_folders(path)):
            self.context.workspace.check_writable(path)
        self.arrivals[path] = arrival

    def check_arrivals(self) -> None:
        """Raise :class:`PatchError` if one file would have to be the folder of another."""
        for path in self.arrivals:
            for folder in _folders(path):
                if folder in self.arrivals:
                    raise PatchError(
                        f"The patch makes {shown_path(folder)} both a file and a folder; nothing was changed."
                    )

    def _check_way(self, path: str) -> None:
        """Raise :class:`PatchError` if ``path`` is a link, or beyond a link or a file that stays."""
        if path == ".":
            raise PatchError("The patch names the workspace itself, which is a folder; nothing was changed.")
        for folder in _folders(path):
            kind = self._kind(folder)
            if kind == "link":
                raise PatchError(
                    f"{shown_path(path)} is beyond the link {shown_path(folder)}, which patch does not "
                    "follow."
                )
            if kind in ("file", "other") and folder not in self.leaving:
                raise PatchError(
                    f"{shown_path(folder)} is not a folder, so {shown_path(path)} can't be in it."
                )
        if self._kind(path) == "link":
            raise PatchError(f"{shown_path(path)} is a link, and patch changes regular files only.")

    def _kind(self, path: str) -> Kind | None:
        if path not in self._kinds:
            try:
                self._kinds[path] = self.context.workspace.stat(path, follow=False).kind
            except PathNotFound:
                self._kinds[path] = None
        return self._kinds[path]

    def _is_emptied(self, folder: str) -> bool:
        """Whether the patch takes away all that is in ``folder``, which then goes with it."""
        entries = self.context.workspace.list_folder(folder)
        return bool(entries) and all(
            self._is_emptied(path) if entry.kind == "folder" else path in self.leaving
            for entry in entries
            for path in (posixpath.join(folder, entry.name),)
        )


def _folders(path: str) -> list[str]:
    """Return the folders on the way to ``path``, outermost first."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[: index + 1]) for index in range(len(parts))]


def _described(kind: Kind) -> str:
    return {"folder": "a folder", "link": "a link"}.get(kind, "not a regular file")
