"""The git tool's actions on files: rm, mv and clean."""

from __future__ import annotations

import os
import posixpath

from seedsmith.sandbox.errors import PathError
from seedsmith.tools.base import ToolError, ToolResult
from seedsmith.tools.git.git_call import GitCall, listed
from seedsmith.tools.git.status import read_status
from seedsmith.tools.text import count, shown_path


async def rm(call: GitCall) -> ToolResult:
    """Remove files from the index and from disk, unless they hold content that no commit has."""
    cached = ("--cached",) if call.parsed.name == "cached" else ()
    data = await call.git.output(("ls-files", "-z", *call.pathspec))
    names = [os.fsdecode(name) for name in data.split(b"\0") if name]
    await call.git.change(("rm", "--quiet", "-r", *cached, *call.pathspec))
    done = f"{'no longer tracked' if cached else 'removed'}: {count(len(names), 'file')}"
    lines = listed([f"  {shown_path(name)}" for name in names], call.context)
    return ToolResult(True, f"{done}\n{lines}", {"files": len(names)}, done)


async def mv(call: GitCall) -> ToolResult:
    """Move files to the last path, also in the index."""
    *sources, target = call.paths
    folder = target.rpartition("/")[0] if len(sources) == 1 else ""
    if folder and not call.context.workspace.exists(folder):
        raise ToolError(f"The folder {shown_path(folder)} does not exist.")
    for source in sources:
        await _check_writable(call, source, target)
    await call.git.change(("mv", "--", *call.paths))
    done = f"moved {', '.join(map(shown_path, sources))} to {shown_path(target)}"
    return ToolResult(True, done, {}, done)


async def _check_writable(call: GitCall, source: str, target: str) -> None:
    """Raise :class:`PathError` where a file of ``source`` would come to lie where no tool may write."""
    workspace = call.context.workspace
    if workspace.exists(target) and workspace.stat(target).kind == "folder":
        target = posixpath.join(target, posixpath.basename(source))
    data = await call.git.output(("ls-files", "-z", "--", source))
    for name in filter(None, data.split(b"\0")):
        below = posixpath.relpath(os.fsdecode(name), source)
        workspace.check_writable(posixpath.normpath(posixpath.join(target, below)))


async def clean(call: GitCall) -> ToolResult:
    """List files unknown to git; with name ``delete`` remove those that are named, never ignored ones."""
    found = await read_status(call.git, call.pathspec, untracked="all")
    files = [path for path in found.untracked if not path.endswith("/")]
    if not files:
        return ToolResult(True, "There is nothing to clean: every file is tracked or ignored.", {"files": 0})
    names = listed([f"  {shown_path(path)}" for path in files], call.context)
    several = count(len(files), "untracked file")
    if call.parsed.name != "delete":
        how = "clean with name: delete and paths removes them; nothing was removed"
        return ToolResult(True, f"{several}:\n{names}\n{how}", {"files": len(files)}, several)
    for path in files:
        try:
            call.context.workspace.delete(path, prune=True)
        except PathError as error:
            raise ToolError(f"{error} Those before it were removed.") from None
    return ToolResult(True, f"removed {several}:\n{names}", {"files": len(files)}, f"removed {several}")
