"""The git tool's actions that change something: add, commit, branch, switch, stash, restore."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from seedsmith.sandbox.errors import GitError, PathError
from seedsmith.sandbox.git.git import Git, complaint
from seedsmith.sandbox.git.safe_settings import without_warnings
from seedsmith.tools.base import ToolError, ToolResult
from seedsmith.tools.content.file_lookup import not_found
from seedsmith.tools.git.conflicts import conflict_lines
from seedsmith.tools.git.git_call import DIFF_OPTIONS, GitCall, listed, resolve, resolve_stash
from seedsmith.tools.git.git_parameters import STAGED
from seedsmith.tools.git.health import is_unborn
from seedsmith.tools.git.status import Status, read_status, status_lines
from seedsmith.tools.text import clean_output, count, escape, first_of, shown_path

_NAMED = 5
_MARKERS = (b"<<<<<<< ", b">>>>>>> ")
_MARKER_BYTES = 4 << 20
_WITH_A_MESSAGE = ("merge", "cherry-pick", "revert")
"""Actions that prepare a message for the commit that completes them."""
_COMMIT_FORMAT = "%h%x00%s%x00%an <%ae>"


async def add(call: GitCall) -> ToolResult:
    """Stage what changed below the paths, new and deleted files included."""
    staged, notes = await _stage(call)
    if not staged:
        return ToolResult(True, _with("Nothing new to stage.", notes), {"staged": 0}, "nothing to stage")
    done = f"staged {count(len(staged), 'path')}"
    names = listed([f"  {shown_path(path)}" for path in staged], call.context)
    everything = (await read_status(call.git, ("--", "."), untracked="no")).staged
    if others := sorted({change.path for change in everything}.difference(staged)):
        notes.append(f"Also staged, and part of a commit without paths: {_some(others)}.")
    return ToolResult(True, _with(f"{done}:\n{names}", notes), {"staged": len(staged)}, done)


async def commit(call: GitCall) -> ToolResult:
    """Commit what is staged; with ``paths`` or ``all`` stage that first, and with ``paths`` only that."""
    git, parsed = call.git, call.parsed
    operation = git.repository.operation
    amends = parsed.action == "amend"
    concludes = operation in _WITH_A_MESSAGE or amends
    if parsed.message is None and not concludes:
        raise ToolError("'message' is missing: say what the commit does.")
    refuse_without_identity(git)
    await _refuse_conflicts(call)
    notes: list[str] = []
    if parsed.paths or parsed.all:
        notes = (await _stage(call))[1]
    only = ("--only", "--", *call.paths) if call.paths else ("--",)
    if operation != "merge" and not (amends and parsed.message) and not await _has_staged(git, call.paths):
        raise ToolError(
            f"Nothing {'below these paths has changed' if call.paths else 'is staged'}: "
            f"{'see status' if call.paths else 'use add first, or give paths or all: true'}."
        )
    words = (
        (f"--message={parsed.message}", "--cleanup=whitespace")
        if parsed.message
        else ("--no-edit", "--cleanup=strip")
    )
    amending = ("--amend",) if amends else ()
    await git.change(
        ("commit", "--quiet", "--no-verify", "--no-gpg-sign", "--no-status", *amending, *words, *only)
    )
    return await _committed(call, notes)


def refuse_without_identity(git: Git) -> None:
    """Refuse to commit if no author is configured."""
    if not git.identity:
        raise ToolError(
            "Git does not know who commits: have the user run `git config --global user.name NAME` and "
            "`git config --global user.email ADDRESS`; nothing was staged or committed."
        )


def unsigned_note(git: Git) -> list[str]:
    """What to know where commits by hand would be signed."""
    if not git.signs:
        return []
    return ["It is not signed, though commit.gpgSign asks for that: no signing program is run here."]


async def _committed(call: GitCall, notes: Sequence[str]) -> ToolResult:
    git = call.git
    output = await git.output(("log", "--max-count=1", "--no-show-signature", f"--format={_COMMIT_FORMAT}"))
    short, subject, author = _text(output).rstrip("\n").split("\0")
    stat = _text(await git.output(("show", "--stat=100", "--format=", *DIFF_OPTIONS, "HEAD")))
    found = await read_status(git, ("--", "."), untracked="no")
    lines = [f"committed {short} ({found.place}) as {escape(author)}: {escape(subject)}"]
    lines += clean_output(stat).rstrip("\n").splitlines()
    hooks = ["The repository's hooks were not run."] if git.has_hooks else []
    hooks += unsigned_note(git)
    summary = f"committed {short}: {escape(subject)}"
    return ToolResult(
        True, _with(listed(lines, call.context), [*notes, *hooks]), {"commit": found.commit}, summary
    )


async def create_branch(call: GitCall) -> ToolResult:
    """Create a branch without switching to it."""
    name = call.parsed.name or ""
    start = await resolve(call.git, call.parsed.ref or "HEAD")
    await call.git.change(("branch", "--no-track", name, start))
    done = f"created branch {shown_path(name)} at {start[:9]}"
    return ToolResult(True, f"{done}; switch goes to it", {"commit": start}, done)


async def switch(call: GitCall) -> ToolResult:
    """Switch to a branch or commit; files that differ are replaced, others stay unchanged."""
    git, parsed = call.git, call.parsed
    refuse_part(git, "switch")
    options = ("switch", "--quiet", "--no-recurse-submodules")
    target = await resolve(git, parsed.ref) if parsed.ref else ""
    if target and not await is_unborn(git):
        changed = await changed_names(git, ("HEAD", target))
        await refuse_filtered(git, changed, "written without it")
    if parsed.name:
        start = (target,) if target else ()
        await git.change((*options, "--no-track", "--create", parsed.name, *start))
    elif await _is_branch(git, parsed.ref or ""):
        await git.change((*options, "--no-guess", parsed.ref or ""))
    else:
        await git.change((*options, "--detach", target))
    found = await read_status(git, ("--", "."), untracked="no")
    lines = status_lines(found) if found.changes or found.conflicts else [found.where]
    return ToolResult(
        True, listed(lines, call.context), {"branch": found.branch, "commit": found.commit}, found.where
    )


async def stash(call: GitCall) -> ToolResult:
    """Put changes aside, or bring them back."""
    git, parsed = call.git, call.parsed
    refuse_part(git, "stash")
    if parsed.verb != "push":
        return await _unstash(call)
    if await is_unborn(git):
        raise ToolError("There are no commits yet, so nothing can be stashed.")
    untracked = "all" if parsed.all else "no"
    found = await read_status(git, call.pathspec, untracked=untracked)
    await _refuse_conflicts(call)
    changed = [change.path for change in found.changes]
    own = [path for path in found.untracked if not path.endswith("/")]
    if not changed and not own:
        raise ToolError("There is nothing to stash: no tracked file has changed.")
    await refuse_filtered(git, [*changed, *own], "stashed without it")
    options = [*(["--include-untracked"] if parsed.all else []), *_message(parsed.message)]
    paths = ("--", *call.paths) if call.paths else ()
    await git.change(("stash", "push", "--quiet", *options, *paths))
    done = f"stashed {count(len(changed) + len(own), 'path')} as stash@{{0}}"
    return ToolResult(True, f"{done}; stash pop brings them back", {}, done)


async def _unstash(call: GitCall) -> ToolResult:
    git, parsed = call.git, call.parsed
    entry = await resolve_stash(call)
    if parsed.verb == "drop":
        await git.change(("stash", "drop", "--quiet", parsed.stash))
        done = f"dropped {parsed.stash}, the commit {entry}"
        return ToolResult(True, done, {"commit": entry}, done)
    await refuse_filtered(git, await changed_names(git, (f"{entry}^1", entry)), "written without it")
    result = await git.run(("stash", parsed.verb, "--quiet", parsed.stash), changes=True, spill=False)
    found = await read_status(git, ("--", "."))
    if found.conflicts:
        text = "\n".join([f"{parsed.stash} meets conflicts; it is kept:", *conflict_lines(call, found)])
        finish = "Resolve them with edit, add the files, then stash with name: drop."
        return ToolResult(False, f"{text}\n{finish}", {"conflicts": len(found.conflicts)}, "conflicts")
    if not result.ok:
        raise GitError(complaint("stash", result))
    done = f"{'brought back' if parsed.verb == 'pop' else 'applied'} {parsed.stash}"
    return ToolResult(True, listed([done, *status_lines(found)], call.context), {}, done)


async def restore(call: GitCall) -> ToolResult:
    """Restore files from the index or a commit, or unstage them."""
    git, parsed = call.git, call.parsed
    source = await resolve(git, parsed.ref) if parsed.ref else ""
    against = (source,) if source else ()
    if parsed.name == STAGED:
        changed = await changed_names(git, ("--cached", *against), call.pathspec)
        await git.change(("reset", "--quiet", *against, *call.pathspec))
        done = f"unstaged {count(len(changed), 'path')}"
    else:
        changed = await changed_names(git, against, call.pathspec)
        await refuse_filtered(git, changed, "written without it")
        sides = (f"--source={source}", "--staged") if source else ()
        await git.change(
            ("restore", "--quiet", "--no-recurse-submodules", *sides, "--worktree", *call.pathspec)
        )
        done = f"restored {count(len(changed), 'path')}"
    if not changed:
        return ToolResult(True, "Nothing differed, so nothing was changed.", {"paths": 0}, "nothing differed")
    names = listed([f"  {shown_path(path)}" for path in changed], call.context)
    return ToolResult(True, f"{done}:\n{names}", {"paths": len(changed)}, done)


async def _stage(call: GitCall) -> tuple[list[str], list[str]]:
    """Stage what differs below the paths; returns what was staged, and notes on what was not.

    Git gets the files by name, so that it never looks into a submodule or a repository in the repository.
    """
    git = call.git
    found = await read_status(git, call.pathspec, untracked="all")
    nested = [path for path in found.untracked if path.endswith("/")]
    wanted = [change.path for change in (*found.unstaged, *found.conflicts)]
    wanted += [path for path in found.untracked if not path.endswith("/")]
    await _check_named(call, found)
    await refuse_filtered(git, wanted, "stored without it")
    notes = [f"{shown_path(path)} is a repository of its own and was left out." for path in nested[:_NAMED]]
    marked = [change.path for change in found.conflicts if _has_markers(call, change.path)]
    if marked:
        notes.append(f"Still with conflict markers: {_some(marked)}.")
    if wanted:
        stdin = os.fsencode("\0".join(wanted) + "\0")
        # Forced, as what is tracked may be ignored; nothing else that is ignored is among them.
        await git.change(
            ("add", "--all", "--force", "--pathspec-from-file=-", "--pathspec-file-nul"), stdin=stdin
        )
    return sorted(wanted), notes


async def _check_named(call: GitCall, found: Status) -> None:
    """Raise :class:`ToolError` for a path that is unknown to git: missing, ignored or empty."""
    touched = [change.path for change in (*found.changes, *found.conflicts)] + list(found.untracked)
    touched += [change.original for change in found.changes if change.original]
    for path in call.paths:
        below = path.rstrip("/") + "/"
        if path == "." or any(each == path or each.startswith(below) for each in touched):
            continue
        if await call.git.output(("ls-files", "-z", "--", path)):
            continue
        try:
            kind = call.context.workspace.stat(path, follow=False).kind
        except PathError:
            raise not_found(call.context.workspace, path) from None
        ignored = await call.git.run(("check-ignore", "--quiet", "--", f"./{path}"), spill=False)
        if ignored.ok:
            raise ToolError(f"{shown_path(path)} is ignored by .gitignore, so nothing was staged.")
        raise ToolError(
            f"{shown_path(path)} is {'an empty folder' if kind == 'folder' else 'nothing git keeps'}."
        )


def _has_markers(call: GitCall, path: str) -> bool:
    try:
        data = call.context.workspace.read_bytes(path, cap=_MARKER_BYTES)
    except PathError:
        return False
    return all(any(line.startswith(mark) for line in data.splitlines()) for mark in _MARKERS)


async def _refuse_conflicts(call: GitCall) -> None:
    found = await read_status(call.git, ("--", "."), untracked="no")
    if found.conflicts:
        names = _some([change.path for change in found.conflicts])
        raise ToolError(f"In conflict: {names}. Resolve them and use add on them first.")


async def refuse_filtered(git: Git, paths: Sequence[str], fate: str) -> None:
    """Refuse files whose contents the user's git would change on the way (LFS and its like)."""
    if not git.filters or not paths:
        return
    data = await git.output(
        ("check-attr", "-z", "--stdin", "filter"), stdin=os.fsencode("\0".join(paths) + "\0")
    )
    fields = [os.fsdecode(field) for field in without_warnings(data).split(b"\0")]
    for path, driver in zip(fields[::3], fields[2::3], strict=False):
        if driver in git.filters:
            raise ToolError(
                f"{shown_path(path)} goes through the filter {shown_path(driver)!r}, which is not run here, "
                f"so it would be {fate}: leave it out, or have the user do this by hand."
            )


def refuse_part(git: Git, action: str) -> None:
    """Refuse what would change files outside a workspace that is a part of the repository."""
    repository = git.repository
    if not repository.is_whole:
        raise ToolError(
            f"The workspace is a subfolder of the repository {shown_path(str(repository.top))}, and {action} "
            "would change files outside it: have the user run it, or start in that folder."
        )


async def _has_staged(git: Git, paths: Sequence[str]) -> bool:
    """Whether the index differs from the last commit, below ``paths`` where there are any."""
    arguments = ("diff", "--cached", "--quiet", "--no-ext-diff", "--ignore-submodules=dirty", "--", *paths)
    result = await git.run(arguments, spill=False)
    return result.exit_code == 1


async def changed_names(git: Git, revisions: Sequence[str], pathspec: Iterable[str] = ("--",)) -> list[str]:
    """The paths that differ, from the workspace."""
    options = (
        "--name-only",
        "-z",
        "--relative",
        "--no-ext-diff",
        "--no-textconv",
        "--ignore-submodules=dirty",
    )
    data = await git.output(("diff", *options, *revisions, *pathspec))
    return [os.fsdecode(name) for name in without_warnings(data).split(b"\0") if name]


async def _is_branch(git: Git, name: str) -> bool:
    result = await git.run(("rev-parse", "--verify", "--quiet", f"refs/heads/{name}"), spill=False)
    return result.ok


def _message(message: str | None) -> list[str]:
    return [f"--message={message}"] if message else []


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _some(paths: Sequence[str]) -> str:
    return first_of(list(map(shown_path, paths)), _NAMED)


def _with(text: str, notes: Sequence[str]) -> str:
    return "\n".join([text, *notes])
