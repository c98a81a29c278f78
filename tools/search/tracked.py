"""Finds files that git tracks although a rule ignores them; searches include them as part of the project."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from seedsmith.sandbox.errors import GitError
from seedsmith.tools.base import ToolContext, TrackedIgnored
from seedsmith.tools.search.ignored import ignoring
from seedsmith.tools.search.ripgrep import run_ripgrep

_MOST_FILES = 2_000
"""More than that are intended, as in a repository that ignores everything it tracks."""
_SECONDS = 5.0


async def tracked_though_ignored(context: ToolContext, folder: str, descriptor: int) -> tuple[str, ...]:
    """Return such files below ``folder``, relative to it; ``descriptor`` is the folder, open.

    What the settings ignore is left out. Empty where there is no repository, or git can't tell.
    """
    if folder.startswith("/"):
        return ()
    prefix = "" if folder == "." else f"{folder}/"
    known = await _known(context)
    names = [name.removeprefix(prefix) for name in known.names if name.startswith(prefix)]
    if not names:
        return ()
    # What is on disk, is no link, and is not left out by the settings.
    rules = ignoring(context.ignored, folder)
    listed = await run_ripgrep(
        context.workspace.root,
        (*rules, "--files", "--no-ignore", "--", "."),
        descriptor,
        records=1_000_000,
        seconds=_SECONDS,
    )
    allowed = {os.fsdecode(name).removeprefix("./") for name in listed.data.split(b"\0")}
    return tuple(name for name in names if name in allowed)


async def _known(context: ToolContext) -> TrackedIgnored:
    """git's answer, which is asked for again only if its index or the rules at the top have changed."""
    from seedsmith.sandbox.git.git import Git
    from seedsmith.sandbox.git.repository import find_repository

    try:
        repository = find_repository(context.workspace.root)
        stamp = _stamp((repository.git_dir / "index", repository.top / ".gitignore"))
        if context.tracked_ignored.stamp != stamp:
            git = await Git.open(context.processes)
            listed = await git.output(
                ("ls-files", "-z", "--cached", "--ignored", "--exclude-standard", "--", "."), seconds=_SECONDS
            )
            names = sorted({os.fsdecode(name) for name in listed.split(b"\0")[:-1]})
            found = tuple(names) if len(names) <= _MOST_FILES else ()
            context.tracked_ignored = TrackedIgnored(stamp, found)
    except (GitError, OSError):
        context.tracked_ignored = replace(context.tracked_ignored, names=())
    return context.tracked_ignored


def _stamp(files: Sequence[Path]) -> str:
    stamps = []
    for file in files:
        try:
            found = file.stat()
            stamps.append(f"{found.st_mtime_ns}:{found.st_size}:{found.st_ino}")
        except OSError:
            stamps.append("-")
    return " ".join(stamps)
