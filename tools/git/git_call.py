"""Shared by all actions of the git tool: paths in git's form, revisions, and output for the model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from seedsmith.sandbox.errors import GitError, PathError
from seedsmith.sandbox.git.git import Git, complaint
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.base import ToolContext, ToolError
from seedsmith.tools.content.encodings import decode_output
from seedsmith.tools.content.file_lookup import resolved
from seedsmith.tools.git.git_parameters import GitParameters
from seedsmith.tools.git.health import is_unborn
from seedsmith.tools.suggestions import suggestion
from seedsmith.tools.text import clamp_lines, clean_output, count, path_as_shown, shown_path

if TYPE_CHECKING:
    from seedsmith.sandbox.commands.process import CommandResult

_MOST_LISTED = 200
_OBJECT_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")

DIFF_OPTIONS = (
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--ignore-submodules=dirty",
    "--submodule=short",
    "--relative",
)
"""Diffs are made by git itself, not by other programs, and never enter a submodule."""


@dataclass(frozen=True, slots=True)
class GitCall:
    """One call under way."""

    git: Git
    context: ToolContext
    parsed: GitParameters
    paths: tuple[str, ...]
    """The paths asked for, relative to the workspace; none: all of it."""

    @property
    def pathspec(self) -> tuple[str, ...]:
        """``--`` and the paths; the workspace where there are none."""
        return ("--", *(self.paths or (".",)))

    def outside_note(self) -> str:
        """A note for a workspace that is only a part of the repository."""
        if self.git.repository.is_whole:
            return ""
        return "[the workspace is a subfolder of the repository: only what lies in it is shown]"


def named_paths(context: ToolContext, paths: Sequence[str]) -> tuple[str, ...]:
    r"""Return ``paths`` relative to the workspace; odd names may be spelt as results show them.

    ``\u{A}`` stands for a newline, ``\x{FF}`` for a stray byte, unless a file is called just so. Raises
    :class:`seedsmith.sandbox.errors.PathError` for what leads out.
    """
    return tuple(resolved(context.workspace, _as_on_disk(context, path)) for path in paths)


def _as_on_disk(context: ToolContext, path: str) -> str:
    spelt = path_as_shown(path)
    if spelt == path:
        return path
    try:
        context.workspace.stat(path, follow=False)
    except PathError:
        return spelt
    return path


async def resolve(git: Git, ref: str, kind: str = "commit") -> str:
    """Return the id of the object behind ``ref``, of that ``kind`` where one is given.

    Raises :class:`ToolError` where there is none, naming what was probably meant.
    """
    suffix = f"^{{{kind}}}" if kind else ""
    result = await git.run(("rev-parse", "--verify", "--quiet", ref + suffix), head_bytes=1_000, spill=False)
    found = result.head.decode("ascii", "replace").strip()
    if result.ok and _OBJECT_ID.fullmatch(found):
        return found
    if await is_unborn(git):
        raise ToolError("There are no commits yet.")
    names = (await git.output(("for-each-ref", "--format=%(refname:short)"))).decode(
        "utf-8", "surrogateescape"
    )
    what = "commit" if kind else "object"
    raise ToolError(f"The repository has no {what} {shown_path(ref)!r}{suggestion(ref, names.splitlines())}.")


async def resolve_stash(call: GitCall) -> str:
    """Return the commit of the stash entry asked for; raises :class:`ToolError` where there is none."""
    entry = call.parsed.stash
    result = await call.git.run(("rev-parse", "--verify", "--quiet", entry), head_bytes=1_000, spill=False)
    if not result.ok:
        raise ToolError(f"The stash has no entry {entry}; stash list shows what it holds.")
    return result.head.decode("ascii", "replace").strip()


async def resolve_range(git: Git, ref: str) -> tuple[str, str, str]:
    """Split ``a..b`` or ``a...b`` into both commits and the dots; one commit alone gives ``(id, "", "")``."""
    for dots in ("...", ".."):
        left, found, right = ref.partition(dots)
        if found:
            return await resolve(git, left or "HEAD"), dots, await resolve(git, right or "HEAD")
    return await resolve(git, ref), "", ""


def shown(result: CommandResult) -> str:
    """A command's output for the model: whole lines, with exact counts of what is left out."""
    head = result.head
    if result.elided_bytes and (end := head.rfind(b"\n")) >= 0:
        head = head[: end + 1]
    text = clamp_lines(clean_output(decode_output(head))).rstrip("\n")
    if not result.elided_bytes:
        return text
    lines = result.elided_lines + result.head.count(b"\n") - head.count(b"\n")
    left_out = f"{count(result.total_bytes - len(head), 'byte')}, {count(lines, 'line')} more"
    return f"{text}\n[… {left_out}; the whole: spill:{result.spill_id}]"


async def text_of(call: GitCall, arguments: Sequence[str], head_bytes: int = 20_000) -> str:
    """Run a reading subcommand and return its output for the model; raises :class:`GitError` if it fails."""
    result = await call.git.run(arguments, head_bytes=head_bytes)
    if not result.ok:
        raise GitError(complaint(arguments[0], result))
    return shown(result)


def listed(lines: Sequence[str], context: ToolContext, most: int = _MOST_LISTED) -> str:
    """Join ``lines``; of more than ``most`` the first, with the whole in a spill."""
    if len(lines) <= most:
        return "\n".join(lines)
    spill = context.spills.create()
    try:
        spill.write("\n".join(lines).encode("utf-8", "backslashreplace"))
    finally:
        spill.close()
    rest = count(len(lines) - most, "line")
    return "\n".join([*lines[:most], f"[… {rest} more; the whole: spill:{spill.id}]"])
