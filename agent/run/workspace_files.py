"""The files of a workspace, for whoever completes a path."""

from __future__ import annotations

from pathlib import Path

from seedsmith.sandbox.errors import SandboxError
from seedsmith.sandbox.snapshots.listing import list_files
from seedsmith.sandbox.workspace.workspace import Workspace
from seedsmith.tools.base import ToolError
from seedsmith.tools.search.ripgrep import find_ripgrep


def workspace_files(folder: Path) -> list[str]:
    """The files below ``folder`` that no ``.gitignore`` names, sorted; empty where it can't be listed."""
    try:
        workspace = Workspace(folder)
    except SandboxError:
        return []
    try:
        return sorted(list_files(workspace, find_ripgrep(workspace.root)))
    except (ToolError, SandboxError, OSError):
        return []
    finally:
        workspace.close()
