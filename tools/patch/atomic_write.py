"""Writes the files of a plan: all of them, or none."""

from __future__ import annotations

from seedsmith.sandbox.errors import ChangedOnDisk, SandboxError
from seedsmith.sandbox.workspace.workspace import Workspace
from seedsmith.tools.patch.file_patch import PatchError
from seedsmith.tools.patch.patched_tree import Original
from seedsmith.tools.patch.plan import Plan
from seedsmith.tools.text import shown_path


def commit(plan: Plan, workspace: Workspace) -> None:
    """Write the plan's files; if one can't be written, put back those that were and raise PatchError.

    What leaves goes first, so that a file can take the place of a folder. Empty folders go with their last
    file, as in git. A file that changed since it was planned for is not overwritten.
    """
    tree = plan.tree
    removals = sorted(tree.left - tree.arrivals.keys())
    done: list[str] = []
    try:
        for path in removals:
            if workspace.read_bytes(path) != tree.originals[path].data:
                raise ChangedOnDisk(f"{shown_path(path)} has changed while the patch was being applied.")
            done.append(path)
            workspace.delete(path, prune=True)
        for path, arrival in tree.arrivals.items():
            before = tree.originals.get(path)
            done.append(path)
            workspace.write_bytes(
                path,
                arrival.data,
                expected=before.data if before else None,
                mode=arrival.mode,
                executable=arrival.executable,
            )
    except BaseException as error:
        lost = [path for path in reversed(done) if not _put_back(workspace, path, tree.originals.get(path))]
        if not isinstance(error, SandboxError):
            raise
        if lost:
            names = ", ".join(shown_path(path) for path in lost)
            raise PatchError(
                f"{error} The patch was undone, except for {names}, which could not be."
            ) from None
        raise PatchError(f"{error} The whole patch was undone; nothing is changed.") from None


def _put_back(workspace: Workspace, path: str, original: Original | None) -> bool:
    """Make ``path`` what it was; return whether that worked."""
    try:
        if original is not None:
            if not _holds(workspace, path, original):
                workspace.write_bytes(path, original.data, mode=original.mode)
        elif workspace.exists(path):
            workspace.delete(path, prune=True)
    except SandboxError:
        return False
    return True


def _holds(workspace: Workspace, path: str, original: Original) -> bool:
    if not workspace.exists(path):
        return False
    same_mode = workspace.stat(path).mode == original.mode
    return same_mode and workspace.read_bytes(path) == original.data
