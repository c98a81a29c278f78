"""Which files of a workspace count: those not ignored by its ``.gitignore`` files, and no caches."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from seedsmith.sandbox.workspace.workspace import Workspace

CACHE_FOLDERS = frozenset(
    {
        "__pycache__",
        ".pytest_cache",
        ".mypy_cache",
        ".ruff_cache",
        ".hypothesis",
        ".tox",
        ".nox",
        ".venv",
        "node_modules",
    }
)
"""Folders that tools fill by themselves and nobody edits."""
_LEFT_OUT = (".git", *sorted(CACHE_FOLDERS))
CACHE_SUFFIX = ".pyc"


def list_files(workspace: Workspace, ripgrep: str | None, *, ignored: bool = False) -> set[str]:
    """List the regular files, relative to the workspace; links are neither listed nor followed.

    ``ripgrep`` is the absolute path of ``rg``; without it, ``.gitignore`` is not read and everything but
    caches and ``.git`` is listed. ``ignored`` lists the ignored files too.
    """
    listed = _list_with_ripgrep(workspace.root, ripgrep, ignored) if ripgrep is not None else None
    if listed is None:
        listed = _walk(workspace)
    if workspace.state is not None:
        inside = workspace.state + "/"
        listed = {path for path in listed if not path.startswith(inside)}
    return listed


def _list_with_ripgrep(root: Path, ripgrep: str, ignored: bool) -> set[str] | None:
    """Ask ripgrep; None if it could not be run."""
    if ignored:
        rules = ["--no-ignore"]
    elif any((folder / ".git").exists() for folder in (root, *root.parents)):
        rules = []
    else:
        # Otherwise the rules of a home folder kept in git would ignore every workspace below it.
        rules = ["--no-require-git", "--no-ignore-parent"]
    listed = _run_ripgrep(root, ripgrep, rules)
    if not listed and not rules:
        listed = _run_ripgrep(root, ripgrep, ["--no-require-git", "--no-ignore-parent"])
    return listed


def _run_ripgrep(root: Path, ripgrep: str, rules: list[str]) -> set[str] | None:
    # .ignore files and the user's own configuration say what to search, not what belongs to the project.
    command = [ripgrep, "--no-config", "--files", "--hidden", "--null", "--no-messages"]
    command += ["--no-ignore-dot", "--no-ignore-global", *rules]
    command += [f"--glob=!{name}" for name in (*_LEFT_OUT, f"*{CACHE_SUFFIX}")]
    try:
        finished = subprocess.run(
            command, cwd=root, env={}, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    except OSError:
        return None
    if finished.returncode not in (0, 1) and not finished.stdout:
        return None
    return {path for path in os.fsdecode(finished.stdout).split("\0") if path}


def _walk(workspace: Workspace) -> set[str]:
    listed: set[str] = set()
    descriptor = workspace.open_folder(".")
    try:
        for folder, folders, files, _ in os.fwalk(".", dir_fd=descriptor):
            folders[:] = [name for name in folders if name not in _LEFT_OUT]
            prefix = "" if folder == "." else folder[2:] + "/"
            listed.update(
                prefix + name for name in files if not name.endswith(CACHE_SUFFIX) and name not in _LEFT_OUT
            )
    finally:
        os.close(descriptor)
    return listed
