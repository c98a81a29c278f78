"""Which files of a workspace count: those not ignored by its ``.gitignore`` files, and no caches."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from seedsmith.sandbox.commands.searcher import LOOK_SECONDS, Waiting, start_search
from seedsmith.sandbox.workspace.ignore_rules import vetted_rules
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
_SECONDS = 120.0
"""No listing takes longer; what ripgrep can't list by then is walked."""


def list_files(workspace: Workspace, ripgrep: str | None, *, ignored: bool = False) -> set[str]:
    """List the regular files, relative to the workspace; links are neither listed nor followed.

    ``ripgrep`` is the absolute path of ``rg``; without it, ``.gitignore`` is not read and everything but
    caches and ``.git`` is listed. ``ignored`` lists the ignored files too.
    """
    listed = _list_with_ripgrep(workspace, ripgrep, ignored) if ripgrep is not None else None
    if listed is None:
        listed = _walk(workspace)
    if workspace.state is not None:
        inside = workspace.state + "/"
        listed = {path for path in listed if not path.startswith(inside)}
    return listed


def _list_with_ripgrep(workspace: Workspace, ripgrep: str, ignored: bool) -> set[str] | None:
    """Ask ripgrep; None if it could not be run, or came to no end."""
    root = workspace.root
    if ignored:
        rules = ["--no-ignore"]
    elif any((folder / ".git").exists() for folder in (root, *root.parents)):
        rules = []
    else:
        # Otherwise the rules of a home folder kept in git would ignore every workspace below it.
        rules = ["--no-require-git", "--no-ignore-parent"]
    folder = workspace.open_folder(".")
    try:
        listed = _run_ripgrep(root, folder, ripgrep, rules)
        if listed is None and not ignored:
            return _with_vetted_rules(root, folder, ripgrep)
        if not listed and not rules:
            listed = _run_ripgrep(root, folder, ripgrep, ["--no-require-git", "--no-ignore-parent"])
        return listed
    finally:
        os.close(folder)


def _with_vetted_rules(root: Path, folder: int, ripgrep: str) -> set[str] | None:
    """List with the ignore files that can be read, where one of them keeps ripgrep from ending."""
    file = os.memfd_create("rules")
    try:
        os.write(file, vetted_rules(folder, [".gitignore"]).text)
        rules = ["--no-ignore-vcs", "--no-ignore-parent", "--no-ignore-exclude"]
        return _run_ripgrep(root, folder, ripgrep, [*rules, f"--ignore-file=/proc/self/fd/{file}"], file)
    finally:
        os.close(file)


def _run_ripgrep(root: Path, folder: int, ripgrep: str, rules: list[str], *files: int) -> set[str] | None:
    # .ignore files and the user's own configuration say what to search, not what belongs to the project.
    command = [ripgrep, "--no-config", "--files", "--hidden", "--null", "--no-messages"]
    command += ["--no-ignore-dot", "--no-ignore-global", *rules]
    command += [f"--glob=!{name}" for name in (*_LEFT_OUT, f"*{CACHE_SUFFIX}")]
    try:
        process = start_search(command, folder, root, environment={}, descriptors=files)
    except OSError:
        return None
    waiting = Waiting(process.pid)
    for _ in range(round(_SECONDS / LOOK_SECONDS)):
        try:
            output, _ = process.communicate(timeout=LOOK_SECONDS)
            break
        except subprocess.TimeoutExpired:
            if waiting.seen():
                output = None
                break
    else:
        output = None
    if output is None:
        process.kill()
        process.communicate()
        return None
    if process.returncode not in (0, 1) and (not output or process.returncode < 0):
        return None
    return {path for path in os.fsdecode(output).split("\0") if path}


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
