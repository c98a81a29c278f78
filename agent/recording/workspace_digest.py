"""A digest of a workspace, by which a replay can say whether it starts from the recorded state."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import field

from seedsmith.sandbox.errors import PathError
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.snapshots.listing import list_files
from seedsmith.sandbox.workspace.workspace import Workspace
from seedsmith.tools.base import ToolError
from seedsmith.tools.search.ripgrep import find_ripgrep

MOST_NAMED = 2000
"""A larger workspace only has a digest of the whole, not one for each file."""
_DIGESTED_BYTES = 64 << 20
"""For a larger file only its size counts."""
_SHORT = 16
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class WorkspaceDigest:
    """The state of a workspace: all regular files that ``.gitignore`` does not exclude, without caches."""

    sha256: str
    """Over all paths and contents, in hexadecimal."""
    files: Mapping[str, str] = field(default_factory=dict)
    """The start of each file's own SHA-256; empty beyond :data:`MOST_NAMED` files."""

    def differing(self, other: WorkspaceDigest) -> list[str]:
        """The files that differ, sorted; empty if either has no digests of single files."""
        if not self.files or not other.files:
            return []
        paths = self.files.keys() | other.files.keys()
        return sorted(path for path in paths if self.files.get(path) != other.files.get(path))


def digest_workspace(workspace: Workspace, without: Collection[str] = ()) -> WorkspaceDigest:
    """Digest ``workspace`` except the paths ``without``; blocks, so run it in a thread."""
    digests = {path: _digest(workspace, path) for path in listed(workspace) if path not in without}
    whole = hashlib.sha256()
    for path in sorted(digests):
        whole.update(f"{path}\0{digests[path]}\n".encode("utf-8", "surrogateescape"))
    named = {path: digest[:_SHORT] for path, digest in digests.items()} if len(digests) <= MOST_NAMED else {}
    return WorkspaceDigest(whole.hexdigest(), named)


def listed(workspace: Workspace, *, ignored: bool = False) -> set[str]:
    """The files that count; with ``ignored`` also those that ``.gitignore`` ignores."""
    try:
        ripgrep = find_ripgrep(workspace.root)
    except ToolError:
        ripgrep = None
    return list_files(workspace, ripgrep, ignored=ignored)


def _digest(workspace: Workspace, path: str) -> str:
    digest = hashlib.sha256()
    try:
        size = workspace.stat(path).size
        if size > _DIGESTED_BYTES:
            return f"{size} bytes"
        with workspace.open_read(path) as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except (PathError, OSError):
        return "unreadable"
    return digest.hexdigest()
