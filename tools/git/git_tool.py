"""The git tool: the workspace's repository, looked at and changed without running anything it names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from seedsmith.sandbox.errors import GitError
from seedsmith.tools.base import EVERYTHING, Access, ToolContext, ToolError, ToolResult
from seedsmith.tools.git.git_parameters import GitParameters
from seedsmith.tools.pydantic_tool import PydanticTool
from seedsmith.tools.text import clean_output

_STATE = ".git"
"""Named beside everything else, so that not even a command runs beside a change of git's state."""


class GitTool(PydanticTool[GitParameters]):
    """One tool for all of git, hardened in :mod:`seedsmith.sandbox.git.git`."""

    name = "git"
    description = (
        "Git without hooks, filters and remotes. diff: staged changes and others; commit: what is staged, "
        "or stages paths or all first."
    )
    parameters = GitParameters

    def access(self, parsed: GitParameters) -> Access:
        """Everything is read; a change of git's state runs alone."""
        writes: frozenset[str] = frozenset({EVERYTHING, _STATE}) if parsed.changes else frozenset()
        return Access(reads=frozenset({EVERYTHING}), writes=writes)

    async def run(self, parsed: GitParameters, context: ToolContext) -> ToolResult:
        """Find the repository, then do the one action."""
        from seedsmith.sandbox.git.git import Git
        from seedsmith.tools.git.call import GitCall, named_paths
        from seedsmith.tools.git.health import explain
        from seedsmith.tools.git.submodules import refuse_paths_inside

        paths = named_paths(context, parsed.paths)
        try:
            git = await Git.open(context.processes)
        except GitError as error:
            raise ToolError(clean_output(str(error))) from None
        call = GitCall(git, context, parsed, paths)
        try:
            await refuse_paths_inside(call)
            return await _action(parsed)(call)
        except GitError as error:
            raise ToolError(clean_output(await explain(git, error))) from None


def _action(parsed: GitParameters) -> Callable[..., Awaitable[ToolResult]]:
    """The function that does what was asked for."""
    from seedsmith.tools.git import changing, conflicts, everyday, reading, tidying

    if parsed.changes:
        return {
            "add": changing.add,
            "commit": changing.commit,
            "branch": changing.create_branch,
            "switch": changing.switch,
            "stash": changing.stash,
            "restore": changing.restore,
            "amend": changing.commit,
            "merge": everyday.merge,
            "rebase": everyday.rebase,
            "cherry-pick": everyday.cherry_pick,
            "revert": everyday.revert,
            "reset": everyday.reset,
            "tag": everyday.tag,
            "bisect": everyday.bisect,
            "worktree": everyday.worktree,
            "rm": tidying.rm,
            "mv": tidying.mv,
            "clean": tidying.clean,
        }[parsed.action]
    return {
        "status": reading.status,
        "diff": reading.diff,
        "log": reading.log,
        "show": reading.show,
        "blame": reading.blame,
        "branch": reading.branches,
        "stash": reading.stashes,
        "conflicts": conflicts.conflicts,
        "tag": everyday.tag,
        "bisect": everyday.bisect,
        "worktree": everyday.worktree,
        "clean": tidying.clean,
    }[parsed.action]
