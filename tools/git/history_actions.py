"""The git tool's actions on history: merge, rebase, cherry-pick, revert, reset, tag, bisect, worktree."""

from __future__ import annotations

import os
from contextlib import suppress

from seedsmith.sandbox.errors import GitError
from seedsmith.sandbox.git.git import complaint
from seedsmith.tools.base import ToolError, ToolResult
from seedsmith.tools.content import command_text
from seedsmith.tools.git.change_actions import (
    changed_names,
    refuse_filtered,
    refuse_part,
    refuse_without_identity,
    unsigned_note,
)
from seedsmith.tools.git.conflicts import conflict_lines
from seedsmith.tools.git.git_call import GitCall, listed, resolve, resolve_range, text_of
from seedsmith.tools.git.status import read_status, status_lines
from seedsmith.tools.text import clamp, count, shown_path

_WAYS_ON = {**dict.fromkeys(("rebase", "cherry-pick", "revert"), "skip, or abort"), "merge": "abort"}
_STEPS = ("continue", "skip", "abort")
_MOST_TRIALS = 60
_TRIAL_SECONDS = 600.0
_CANNOT_TELL = 125
"""The exit code by which a command of ``bisect run`` says that a commit can't be tested, as git has it."""
_MOST_JUDGED = 127
_SHOWN_CHARACTERS = 1_500


async def merge(call: GitCall) -> ToolResult:
    """Merge a commit into the present branch."""
    return await _bring_in(call, ("--no-edit", "--no-verify-signatures", "--no-gpg-sign"))


async def rebase(call: GitCall) -> ToolResult:
    """Put the branch's own commits on top of another."""
    return await _bring_in(call, ("--no-autostash", "--no-gpg-sign"))


async def cherry_pick(call: GitCall) -> ToolResult:
    """Apply the change of a commit, or of a range, as commits of its own."""
    return await _bring_in(call, ("--no-gpg-sign",))


async def revert(call: GitCall) -> ToolResult:
    """Undo the change of a commit by a new one."""
    return await _bring_in(call, ("--no-edit", "--no-gpg-sign"))


async def _bring_in(call: GitCall, options: tuple[str, ...]) -> ToolResult:
    """Run a subcommand that changes files; conflicts are described with both sides."""
    git, parsed, action = call.git, call.parsed, call.parsed.action
    refuse_part(git, action)
    refuse_without_identity(git)
    before = (await read_status(git, ("--", "."), untracked="no")).commit
    if parsed.name in _STEPS:
        if action == "merge" and parsed.name == "skip":
            raise ToolError("A merge can't be skipped: continue or abort it.")
        if git.repository.operation != action:
            other = f", but a {git.repository.operation} is" if git.repository.operation else ""
            raise ToolError(f"No {action} is under way{other}.")
        arguments: tuple[str, ...] = (action, f"--{parsed.name}")
    else:
        left, dots, right = await resolve_range(git, parsed.ref or "")
        if dots and action in ("merge", "rebase"):
            raise ToolError(f"{action} takes one commit, not a range.")
        if dots != "..." and not (dots and action == "revert"):
            changed = await changed_names(git, ("HEAD", right or left))
            await refuse_filtered(git, changed, "written without it")
        arguments = (action, *options, f"{left}{dots}{right}")
    result = await git.run(arguments, changes=True, spill=False)
    found = await read_status(git, ("--", "."), untracked="no")
    if found.conflicts:
        text = "\n".join([f"{action} stopped at conflicts; nothing is lost:", *conflict_lines(call, found)])
        finish = f"Resolve them with edit, add the files, then {action} with name: continue; or abort."
        return ToolResult(False, f"{text}\n{finish}", {"conflicts": len(found.conflicts)}, "conflicts")
    if not result.ok and git.repository.operation == action:
        raise ToolError(
            f"{complaint(action, result)}\nIt is still under way: {action} with name: {_WAYS_ON[action]}."
        )
    if not result.ok:
        raise GitError(complaint(action, result))
    done = (
        f"{action} {parsed.name}" if parsed.name in _STEPS else f"{action} of {shown_path(parsed.ref or '')}"
    )
    if found.commit == before and parsed.name not in _STEPS:
        return ToolResult(True, f"{done}: nothing to do, {found.where}", {"commit": before}, "nothing to do")
    lines = [f"{done} done", *status_lines(found)]
    lines += unsigned_note(git) if parsed.name not in ("abort", "skip") else []
    return ToolResult(True, listed(lines, call.context), {"commit": found.commit}, f"{done}: {found.where}")


async def reset(call: GitCall) -> ToolResult:
    """Move the branch to a commit; files stay as they are."""
    git, parsed = call.git, call.parsed
    refuse_part(git, "reset")
    mode = parsed.name or "mixed"
    target = await resolve(git, parsed.ref or "HEAD")
    before = await resolve(git, "HEAD")
    await git.change(("reset", "--quiet", f"--{mode}", target, "--"))
    found = await read_status(git, ("--", "."), untracked="no")
    done = f"reset ({mode}) to {target[:9]}; it was at {before[:9]}, and no file was changed"
    return ToolResult(True, listed([done, *status_lines(found)], call.context), {"commit": target}, done)


async def tag(call: GitCall) -> ToolResult:
    """List the tags, or make one."""
    git, parsed = call.git, call.parsed
    if parsed.name is None:
        form = "--format=%(refname:short) %(objectname:short) %(contents:subject)"
        text = await text_of(call, ("for-each-ref", "--sort=-creatordate", form, "refs/tags"))
        return ToolResult(True, text or "There are no tags.", summary="tags")
    target = await resolve(git, parsed.ref or "HEAD")
    if parsed.message:
        refuse_without_identity(git)
    words = ("--annotate", f"--message={parsed.message}") if parsed.message else ()
    await git.change(("tag", "--no-sign", *words, "--", parsed.name, target))
    done = f"tagged {target[:9]} as {shown_path(parsed.name)}"
    unsigned = "\nIt is not signed: no signing program is run here." if git.signs_tags else ""
    return ToolResult(True, done + unsigned, {"commit": target}, done)


async def worktree(call: GitCall) -> ToolResult:
    """List the working trees, add one inside the workspace, or remove one that is clean."""
    git, parsed = call.git, call.parsed
    if parsed.name is None:
        return ToolResult(True, await text_of(call, ("worktree", "list")), summary="worktrees")
    (path,) = parsed.paths
    folder = str(git.repository.workspace / call.paths[0])
    if parsed.name == "remove":
        result = await git.run(("worktree", "remove", folder), changes=True, spill=False)
        if not result.ok:
            listing = await git.output(("worktree", "list", "--porcelain", "-z"))
            if f"worktree {folder}\0".encode() in listing:
                raise GitError(complaint("worktree", result))
            _remove_rest(call, call.paths[0])
        return ToolResult(True, f"removed the worktree {shown_path(path)}", {}, "worktree removed")
    target = await resolve(git, parsed.ref or "HEAD")
    await git.change(("worktree", "add", "--quiet", "--detach", folder, target))
    done = f"added the worktree {shown_path(path)} at {target[:9]}, with no branch"
    return ToolResult(True, done, {"commit": target}, done)


def _remove_rest(call: GitCall, path: str) -> None:
    """Remove what git could not remove of a working tree: its ``.git``, which the sandbox binds."""
    with call.context.workspace.locate(path) as location, suppress(OSError):
        (name,) = location.names
        folder = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=location.folder)
        try:
            with os.scandir(folder) as entries:
                left = [entry.name for entry in entries]
            if left == [".git"]:
                os.unlink(".git", dir_fd=folder)
        finally:
            os.close(folder)
        os.rmdir(name, dir_fd=location.folder)


async def bisect(call: GitCall) -> ToolResult:
    """Look for the commit that broke something, step by step or by a command."""
    git, parsed = call.git, call.parsed
    refuse_part(git, "bisect")
    verb = parsed.name or "log"
    if verb == "log":
        return ToolResult(True, await text_of(call, ("bisect", "log")), summary="bisect log")
    if verb in ("start", "run") and parsed.ref:
        good, dots, bad = await resolve_range(git, parsed.ref)
        if not dots:
            raise ToolError("'ref' must be GOOD..BAD: a commit without the fault, and one with it.")
        said = await _step(call, "start", bad, good)
    elif verb != "run":
        said = await _step(call, verb, *([await resolve(git, parsed.ref)] if parsed.ref else []))
    if verb != "run":
        return ToolResult(True, said, {}, f"bisect {verb}")
    return await _run_trials(call)


async def _step(call: GitCall, *arguments: str) -> str:
    result = await call.git.change(("bisect", *arguments))
    return clamp(result.head.decode("utf-8", "replace").strip(), _SHOWN_CHARACTERS)


async def _run_trials(call: GitCall) -> ToolResult:
    """Run the command at each commit in the sandbox, where it can't write git's own data as git can."""
    if call.git.repository.operation != "bisect":
        raise ToolError("No bisect is under way: give 'ref' as GOOD..BAD.")
    lines: list[str] = []
    for _ in range(_MOST_TRIALS):
        commit = await resolve(call.git, "HEAD")
        result = await call.context.processes.run(
            call.parsed.message or "", timeout=_TRIAL_SECONDS, env=call.context.environment or None
        )
        code = result.exit_code
        if code is None or code > _MOST_JUDGED or result.timed_out:
            output = command_text.output(result)
            raise ToolError(f"The command {command_text.ending(result)} at {commit[:9]}:\n{output}".rstrip())
        verdict = "skip" if code == _CANNOT_TELL else "good" if code == 0 else "bad"
        said = await _step(call, verdict)
        lines.append(f"{commit[:9]} {verdict} (exit code {code})")
        if "is the first" in said or "cannot bisect more" in said:
            end = f"{said}\nThe bisect is still under way: bisect with name: reset ends it."
            return ToolResult(True, "\n".join([*lines, end]), {"trials": len(lines)}, said.partition("\n")[0])
    raise ToolError(f"No end after {count(_MOST_TRIALS, 'trial')}: bisect with name: reset ends it.")
