"""The git tool's actions that only read: status, diff, log, show, blame, and lists."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from seedsmith.sandbox.errors import GitError, PathError
from seedsmith.sandbox.git.git import complaint
from seedsmith.tools.base import ToolError, ToolResult
from seedsmith.tools.content.encodings import describe_binary, detect
from seedsmith.tools.git.git_call import (
    DIFF_OPTIONS,
    GitCall,
    listed,
    resolve,
    resolve_range,
    resolve_stash,
    shown,
    text_of,
)
from seedsmith.tools.git.git_parameters import STAGED
from seedsmith.tools.git.health import is_unborn
from seedsmith.tools.git.patch_text import patch_of
from seedsmith.tools.git.status import read_status, status_lines, summary_of
from seedsmith.tools.git.submodules import submodules_note
from seedsmith.tools.text import count, human_bytes, shown_path

if TYPE_CHECKING:
    from seedsmith.sandbox.commands.process import CommandResult

_MOST_PATCHES = 200
_LOG_BYTES = 10_000
_BLAME_BYTES = 16_000
_MOST_EARLIER_NAMES = 4
_ENTRY = "%h %ad %an%d %s"
_WHOLE = "commit %H%nauthor %an <%ae>%ndate %ad%n%n%B"
_BRANCH = (
    "%(HEAD) %(refname:short) %(objectname:short)"
    "%(if)%(upstream)%(then) [%(upstream:short) %(upstream:track,nobracket)]%(end) %(contents:subject)"
)


async def status(call: GitCall) -> ToolResult:
    """What is staged, changed, in conflict and unknown to git."""
    found = await read_status(call.git, call.pathspec)
    lines = status_lines(found)
    lines += filter(None, (await submodules_note(call), call.outside_note()))
    data = {
        "branch": found.branch,
        "commit": found.commit,
        "operation": found.operation,
        "staged": len(found.staged),
        "unstaged": len(found.unstaged),
        "conflicts": len(found.conflicts),
        "untracked": len(found.untracked),
    }
    return ToolResult(True, listed(lines, call.context), data, summary_of(found))


async def diff(call: GitCall) -> ToolResult:
    """Differences: staged and not, or against a commit, or between two."""
    parsed = call.parsed
    form = "--patch" if parsed.patch is not False else "--stat=100"
    parts: list[tuple[str, tuple[str, ...]]]
    with_files = parsed.name != STAGED
    if parsed.name == STAGED:
        against = (await resolve(call.git, parsed.ref),) if parsed.ref else ()
        await is_unborn(call.git)
        parts = [("", ("--cached", *against))]
    elif parsed.all:
        parts = [("", (await resolve(call.git, "HEAD"),))]
    elif parsed.ref:
        left, dots, right = await resolve_range(call.git, parsed.ref)
        with_files = not dots
        parts = [("", (f"{left}{dots}{right}",))]
    else:
        await is_unborn(call.git)  # Where HEAD can't be read, git shows everything as new.
        parts = [("staged:\n", ("--cached",)), ("not staged:\n", ())]
    texts = []
    for heading, arguments in parts:
        text = await patch_of(call, ("diff", form, *DIFF_OPTIONS, *arguments, *call.pathspec))
        if text:
            texts.append(heading + text)
    shown_apart = await submodules_note(call) if with_files else ""
    if not texts:
        same = "No differences; files unknown to git are not compared."
        return ToolResult(True, "\n".join(filter(None, (same, shown_apart))), summary="no differences")
    notes = (shown_apart, call.outside_note())
    return ToolResult(True, "\n".join(filter(None, (*texts, *notes))), summary=_extent("diff", texts))


async def log(call: GitCall) -> ToolResult:
    """Commits, the latest first, one a line."""
    parsed = call.parsed
    if not parsed.ref and not parsed.all and await is_unborn(call.git):
        return ToolResult(True, "There are no commits yet.", summary="no commits")
    most = min(parsed.most_commits, _MOST_PATCHES) if parsed.patch else parsed.most_commits
    revisions: tuple[str, ...] = ("--branches", "--remotes", "--tags") if parsed.all else ()
    if parsed.ref:
        revisions += ("".join(await resolve_range(call.git, parsed.ref)),)
    form = ("--patch", *DIFF_OPTIONS) if parsed.patch else ("--no-patch",)
    paths = call.paths
    if len(paths) == 1 and not _is_folder(call):
        revisions = ("--follow", *revisions)
    elif len(paths) == 1 and paths != (".",):
        paths = await _with_earlier_names(call, paths[0])
    arguments = (
        *("log", f"--max-count={most}", "--no-show-signature", "--no-notes", "--no-color"),
        *("--date=short", f"--format={_ENTRY}", *form, *revisions, "--", *paths),
    )
    text = await (patch_of(call, arguments) if parsed.patch else text_of(call, arguments, _LOG_BYTES))
    if not text:
        return ToolResult(True, "No commit fits.", summary="no commits")
    more = parsed.patch or text.count("\n") + 1 >= most
    note = f"[at most {count(most, 'commit')} are shown: limit shows more]"
    return ToolResult(True, f"{text}\n{note}" if more else text, summary=_extent("log", [text]))


async def _with_earlier_names(call: GitCall, folder: str) -> tuple[str, ...]:
    """``folder`` and what it was called before it was moved, which git follows for files alone."""
    names = [folder.rstrip("/")]
    while len(names) <= _MOST_EARLIER_NAMES:
        added = ("log", "--format=%H", "--diff-filter=A", "--no-renames", "--", names[-1])
        commits = (await call.git.output(added)).split()
        if not commits:
            break
        moves = await call.git.output(
            ("show", "--format=", "--name-status", "--find-renames", "--relative", "-z", commits[-1].decode())
        )
        before = _moved_from(moves, names[-1])
        if not before or before in names:
            break
        names.append(before)
    return tuple(names)


def _moved_from(moves: bytes, folder: str) -> str:
    """Where most files came from which a commit put into ``folder``; '' where they are new."""
    fields = iter(os.fsdecode(moves).split("\0"))
    found: Counter[str] = Counter()
    for letter in fields:
        source = next(fields, "")
        target = next(fields, "") if letter[:1] in ("R", "C") else source
        inside = target.removeprefix(f"{folder}/")
        if inside != target:
            found[source.removesuffix(f"/{inside}") if source.endswith(f"/{inside}") else ""] += 1
    return found.most_common(1)[0][0] if found else ""


def _is_folder(call: GitCall) -> bool:
    try:
        return call.context.workspace.stat(call.paths[0], follow=False).kind == "folder"
    except PathError:
        return False


async def show(call: GitCall) -> ToolResult:
    """One commit with its patch, or a file or folder as it was (``REV:path``)."""
    parsed = call.parsed
    object_id = await resolve(call.git, parsed.ref or "HEAD", "")
    kind = (await call.git.output(("cat-file", "-t", object_id))).decode().strip()
    if kind == "blob":
        return await _show_blob(call, object_id)
    form = "--patch-with-stat" if parsed.patch is not False else "--stat=100"
    text = await patch_of(
        call,
        (
            *("show", form, *DIFF_OPTIONS, "--no-show-signature", "--no-notes"),
            *("--date=iso", f"--format={_WHOLE}", object_id, "--", *call.paths),
        ),
    )
    note = call.outside_note() if kind == "commit" else ""
    if not text:
        text = "Nothing in it."
    return ToolResult(True, "\n".join(filter(None, (text, note))), {"id": object_id}, _extent("show", [text]))


async def _show_blob(call: GitCall, object_id: str) -> ToolResult:
    result = await call.git.run(("cat-file", "blob", object_id))
    if result.ok and detect(result.head, complete=not result.elided_bytes) is None:
        name = shown_path(call.parsed.ref or object_id)
        what = (
            f"{name} is {describe_binary(result.head)} of {human_bytes(result.total_bytes)}; it is not shown."
        )
        return ToolResult(True, what, {"id": object_id}, what)
    text = shown(result) or "(empty)"
    return ToolResult(result.ok, text, {"id": object_id}, _extent("show", [text]))


async def blame(call: GitCall) -> ToolResult:
    """Who changed each line last."""
    parsed = call.parsed
    revision = (await resolve(call.git, parsed.ref),) if parsed.ref else ()
    if not revision and await is_unborn(call.git):
        raise ToolError("There are no commits yet.")
    lines = (parsed.line_range,) if parsed.line_range else ()
    arguments = ("blame", "--no-textconv", "--date=short", "--abbrev=8", *lines, *revision, *call.pathspec)
    result = await call.git.run(arguments, head_bytes=_BLAME_BYTES, spill=False)
    if not result.ok:
        raise GitError(complaint("blame", result))
    text = shown(replace(result, elided_bytes=0, head=_whole_lines(result)))
    if result.elided_bytes:
        first = text.count("\n") + 1
        last = result.head.count(b"\n") + result.elided_lines
        text += f"\n[the first {first:,} of {last:,} lines asked for: lines, e.g. 10,40, shows others]"
    return ToolResult(True, text or "The file is empty.", summary=_extent("blame", [text]))


def _whole_lines(result: CommandResult) -> bytes:
    return result.head[: result.head.rfind(b"\n") + 1] if result.elided_bytes else result.head


async def branches(call: GitCall) -> ToolResult:
    """The branches, the present one marked."""
    places = ("refs/heads", "refs/remotes") if call.parsed.all else ("refs/heads",)
    text = await text_of(call, ("for-each-ref", "--sort=-committerdate", f"--format={_BRANCH}", *places))
    found = await read_status(call.git, ("--", "."), untracked="no")
    lines = [found.where] if not found.branch or not found.commit else []
    text = "\n".join([*lines, *filter(None, [text])])
    return ToolResult(True, text, {"branch": found.branch}, found.where)


async def stashes(call: GitCall) -> ToolResult:
    """The stash's entries, or one of them."""
    if call.parsed.verb == "list":
        text = await text_of(call, ("stash", "list", "--date=iso"))
        return ToolResult(True, text or "The stash is empty.", summary=_extent("stash", [text]))
    entry = await resolve_stash(call)
    text = await patch_of(
        call,
        ("stash", "show", "--patch-with-stat", "--include-untracked", *DIFF_OPTIONS, entry),
    )
    return ToolResult(True, text or "Nothing in it.", summary=_extent("stash", [text]))


def _extent(what: str, texts: list[str]) -> str:
    lines = sum(text.count("\n") + 1 for text in texts if text)
    return f"{what}: {count(lines, 'line')}"
