"""The git tool's actions on remotes, which the user allows on the command line (``--git-remote``)."""

from __future__ import annotations

import re

from seedsmith.sandbox.git.remote import remotes, run_remotely
from seedsmith.tools.base import ToolError, ToolResult
from seedsmith.tools.git.git_call import GitCall, resolve
from seedsmith.tools.git.status import read_status
from seedsmith.tools.suggestions import suggestion_or_list
from seedsmith.tools.text import clean_output, shown_path

_PLAIN = re.compile(r"[\w][\w./-]*")


async def fetch(call: GitCall) -> ToolResult:
    """Bring a remote's branches, or one of them; no branch of one's own moves."""
    remote = _remote(call, "fetch")
    wanted = [_plain(call.parsed.ref)] if call.parsed.ref else []
    options = ("--no-recurse-submodules", "--no-write-commit-graph", "--no-auto-gc")
    said = await run_remotely(call.git, ("fetch", *options, "--", remote, *wanted))
    done = f"fetched from {shown_path(remote)}"
    return ToolResult(True, f"{done}\n{clean_output(said) or 'Nothing was new.'}", {"remote": remote}, done)


async def push(call: GitCall) -> ToolResult:
    """Send a branch to the branch of that name; never by force."""
    remote = _remote(call, "push")
    branch = call.parsed.ref or (await read_status(call.git, ("--", "."), untracked="no")).branch
    if not branch:
        raise ToolError("HEAD is detached: give 'ref', the branch to push.")
    await resolve(call.git, f"refs/heads/{_plain(branch)}")
    refspec = f"refs/heads/{branch}:refs/heads/{branch}"
    options = ("--no-verify", "--no-signed", "--recurse-submodules=no", "--no-force-with-lease")
    said = await run_remotely(call.git, ("push", *options, "--", remote, refspec))
    done = f"pushed {shown_path(branch)} to {shown_path(remote)}"
    hooks = "\nThe repository's hooks were not run." if call.git.has_hooks else ""
    return ToolResult(True, f"{done}\n{clean_output(said)}{hooks}".rstrip(), {"remote": remote}, done)


def _remote(call: GitCall, action: str) -> str:
    """The remote that is meant; raises :class:`ToolError` where the user did not allow ``action``."""
    allowed = {"fetch": ("fetch",), "push": ("fetch", "push")}.get(call.context.git_remote, ())
    if action not in allowed:
        raise ToolError(f"{action} is off: only the user turns it on, with --git-remote {action}.")
    name = call.parsed.name or "origin"
    known = remotes(call.git.own)
    if name not in known:
        meant = suggestion_or_list(name, list(known)) if known else ": it has none"
        raise ToolError(f"The repository has no remote {shown_path(name)!r}{meant}.")
    return name


def _plain(branch: str) -> str:
    if not _PLAIN.fullmatch(branch):
        raise ToolError(f"'ref' must be the name of a branch here, got {branch!r}.")
    return branch
