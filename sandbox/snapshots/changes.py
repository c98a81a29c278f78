"""What differs between two snapshots, as people are told: files that count, and a patch of them."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Set

from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.snapshots.diff import LINK_MODE, Version, file_patch
from seedsmith.sandbox.snapshots.manifest_rows import Difference, Read, Row

PATCH_BYTES = 16 << 20
"""A patch leaves out further files once it is this long."""
SHOWN_FILE_BYTES = 1 << 20
"""Of larger files a patch says only that they differ."""


@dataclass(frozen=True, slots=True)
class Changes:
    """How the workspace differs from what it was; paths are relative to it and sorted."""

    added: tuple[str, ...]
    modified: tuple[str, ...]
    deleted: tuple[str, ...]
    patch: bytes
    """A git-style patch with the files' exact bytes; ``git apply`` takes it where no file is binary."""
    left_out: tuple[str, ...]
    """Changed files whose content the patch does not show: too large, or the patch is long enough."""
    differences: tuple[Difference, ...] = ()
    """All that differs: ignored files, folders and permissions, too."""
    lost: tuple[str, ...] = ()
    """Files deleted or overwritten though no commit held what they were, where anybody looked."""

    @property
    def files_changed(self) -> tuple[str, ...]:
        """All changed files."""
        return tuple(sorted((*self.added, *self.modified, *self.deleted)))

    @property
    def diff(self) -> str:
        """The patch as text; bytes that are not UTF-8 are shown as ``\\xNN``."""
        return self.patch.decode("utf-8", "backslashreplace")


NO_CHANGES = Changes((), (), (), b"", ())


def changes(
    differences: Iterable[Difference], read: Read, ignored_before: Set[str], ignored_now: Set[str]
) -> Changes:
    """What of ``differences`` counts: neither folders nor files that were, or if new are, ignored."""
    everything = tuple(differences)
    added: list[str] = []
    modified: list[str] = []
    deleted: list[str] = []
    left_out: list[str] = []
    patches: list[bytes] = []
    length = 0
    for path, old, new in sorted(map(_files_only, everything)):
        if (old is None and new is None) or path in (ignored_now if old is None else ignored_before):
            continue
        before, after = (None if row is None else _version(row, read) for row in (old, new))
        if _content(old, before) == _content(new, after):
            continue  # but for permissions that git does not keep
        (added if old is None else deleted if new is None else modified).append(path)
        patch = file_patch(path, before, after)
        length += len(patch)
        unknown = any(version is not None and version.content is None for version in (before, after))
        if unknown or length > PATCH_BYTES:
            left_out.append(path)
        if length <= PATCH_BYTES:
            patches.append(patch)
    return Changes(
        tuple(added), tuple(modified), tuple(deleted), b"".join(patches), tuple(left_out), everything
    )


def _content(row: Row | None, version: Version | None) -> tuple[str | None, str, int] | None:
    return None if row is None or version is None else (row.name, row.mark, version.mode)


def _files_only(found: Difference) -> Difference:
    old, new = (None if row is None or row.is_folder else row for row in (found.old, found.new))
    return Difference(found.path, old, new)


def _version(row: Row, read: Read) -> Version:
    mode = LINK_MODE if row.is_link else 0o100755 if row.mode & stat.S_IXUSR else 0o100644
    content = read(row.name) if row.name is not None and row.size <= SHOWN_FILE_BYTES else None
    return Version(mode, content)
