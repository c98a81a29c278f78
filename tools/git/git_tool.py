"""The git tool: reads and changes the workspace's repository without running programs that it names."""

from __future__ import annotations

import posixpath
from collections.abc import Awaitable, Callable

from seedsmith.sandbox.errors import GitError
from seedsmith.tools.base import EVERYTHING, Access, ToolContext, ToolError, ToolResult
from seedsmith.tools.git.git_parameters import GitParameters
from seedsmith.tools.pydantic_tool import PydanticTool
from seedsmith.tools.text import clean_output

_STATE = ".git"
"""Added to the access, so that not even a command runs at the same time as a change of git's state."""


class GitTool(PydanticTool[GitParameters]):
    """One tool for all of git, hardened in :mod:`seedsmith.sandbox.git.git`."""

    name = "git"
    description = "Git without hooks and filters. commit: what is staged, or paths, or all."
    parameters = GitParameters

    def access(self, parsed: GitParameters) -> Access:
        """Everything is read; a change of git's state runs alone. A move writes where it leads."""
        writes: frozenset[str] = frozenset({EVERYTHING, _STATE}) if parsed.changes else frozenset()
        if parsed.action == "mv":
            *sources, target = map(posixpath.normpath, parsed.paths)
            within = (posixpath.join(target, posixpath.basename(source)) for source in sources)
            writes = writes.union((target, *within))
        return Access(reads=frozenset({EVERYTHING}), writes=writes)

    async def run(self, parsed: GitParameters, context: ToolContext) -> ToolResult:
        """Find the repository, then do the one action."""
        from seedsmith.sandbox.git.git import Git
        from seedsmith.tools.git.git_call import GitCall, named_paths
        from seedsmith.tools.git.health import explain
        from seedsmith.tools.git.submodules import refuse_paths_inside

        paths = named_paths(context, parsed.paths)
        try:
            git = await Git.open(context.processes)
        except GitError as error:
            raise ToolError(clean_output(str(error))) from None
        if parsed.under_way:
            parsed = _step_of(git.repository.operation, parsed)
        call = GitCall(git, context, parsed, paths)
        try:
            await refuse_paths_inside(call)
            return await _action(parsed)(call)
        except GitError as error:
            raise ToolError(clean_output(await explain(git, error))) from None


def _step_of(operation: str, parsed: GitParameters) -> GitParameters:
    """The step that ``parsed`` names, of the ``operation`` that is under way."""
    if operation == "bisect" and parsed.name == "abort":
        return parsed.model_copy(update={"action": operation, "name": "reset"})
    if operation not in ("merge", "rebase", "cherry-pick", "revert"):
        what = f"A {operation} is" if operation else "Nothing is"
        raise ToolError(f"{what} under way: there is nothing to {parsed.name}.")
    return parsed.model_copy(update={"action": operation})


def _action(parsed: GitParameters) -> Callable[..., Awaitable[ToolResult]]:
    """The function that does what was asked for."""
    from seedsmith.tools.git import (
        change_actions,
        conflicts,
        file_actions,
        history_actions,
        read_actions,
        remote_actions,
    )

    if parsed.changes:
        return {
            "add": change_actions.add,
            "commit": change_actions.commit,
            "branch": change_actions.create_branch,
            "switch": change_actions.switch,
            "stash": change_actions.stash,
            "restore": change_actions.restore,
            "amend": change_actions.commit,
            "merge": history_actions.merge,
            "rebase": history_actions.rebase,
            "cherry-pick": history_actions.cherry_pick,
            "revert": history_actions.revert,
            "reset": history_actions.reset,
            "tag": history_actions.tag,
            "bisect": history_actions.bisect,
            "worktree": history_actions.worktree,
            "rm": file_actions.rm,
            "mv": file_actions.mv,
            "clean": file_actions.clean,
            "fetch": remote_actions.fetch,
            "push": remote_actions.push,
        }[parsed.action]
    return {
        "status": read_actions.status,
        "diff": read_actions.diff,
        "log": read_actions.log,
        "show": read_actions.show,
        "blame": read_actions.blame,
        "branch": read_actions.branches,
        "stash": read_actions.stashes,
        "conflicts": conflicts.conflicts,
        "tag": history_actions.tag,
        "bisect": history_actions.bisect,
        "worktree": history_actions.worktree,
        "clean": file_actions.clean,
    }[parsed.action]
