"""The glob tool: the files a pattern means, ignored ones left out."""

from __future__ import annotations

import os

from pydantic import Field

from sandbox.errors import NotARegularFile, PathNotFound
from tools.base import Access, ToolContext, ToolResult
from tools.files import not_found, reads
from tools.parameters import Parameters, PydanticTool
from tools.patterns import FilePattern
from tools.ripgrep import parent_rules, run_ripgrep
from tools.text import count, shown_path

_SHOWN_FILES = 500
_MOST_FILES = 200_000
_SECONDS = 20.0


class GlobParameters(Parameters):
    """Which files, and below which folder."""

    pattern: str = Field(min_length=1, max_length=1_000, description="E.g. *.py (any depth), src/**/*.ts")
    path: str = Field(".", description="Folder; default: the workspace.")


class GlobTool(PydanticTool[GlobParameters]):
    """Lists files by name, sorted."""

    name = "glob"
    description = "List files by name, sorted; .gitignore is respected."
    parameters = GlobParameters

    def access(self, parsed: GlobParameters) -> Access:
        """The folder."""
        return reads(parsed.path)

    async def run(self, parsed: GlobParameters, context: ToolContext) -> ToolResult:
        """Let ripgrep walk the folder and keep what fits."""
        workspace = context.workspace
        folder = workspace.relative(parsed.path)
        pattern = FilePattern(parsed.pattern)
        try:
            if workspace.stat(folder).kind != "folder":
                raise NotARegularFile(f"{shown_path(folder)} is not a folder; glob looks through folders.")
            descriptor = workspace.open_folder(folder)
        except PathNotFound:
            raise not_found(workspace, parsed.path) from None
        ignore = ignore_descriptor(pattern)
        rules = parent_rules(workspace.root) if folder == "." else ()
        try:
            output = await run_ripgrep(
                workspace.root,
                (*rules, "--files", f"--ignore-file=/proc/self/fd/{ignore}", "--", "."),
                descriptor,
                records=_MOST_FILES,
                seconds=_SECONDS,
                descriptors=(ignore,),
            )
        finally:
            os.close(descriptor)
            os.close(ignore)
        names = (os.fsdecode(name).removeprefix("./") for name in output.data.split(b"\0")[:-1])
        prefix = "" if folder == "." else f"{folder}/"
        files = [prefix + name for name in names if pattern.matches(name)]
        return _result(parsed, folder, files, complete=not (output.stopped or output.timed_out))


def ignore_descriptor(pattern: FilePattern) -> int:
    """Return a descriptor of an unnamed file in memory with ``pattern`` as ripgrep's ignore file."""
    descriptor = os.memfd_create("pattern")
    os.write(descriptor, pattern.ignore_file)
    return descriptor


def _result(parsed: GlobParameters, folder: str, files: list[str], *, complete: bool) -> ToolResult:
    lines = [shown_path(name) for name in files[:_SHOWN_FILES]]
    if len(files) > _SHOWN_FILES:
        more = "" if complete else "at least "
        lines.append(f"[{_SHOWN_FILES} of {more}{len(files):,} files shown: narrow the pattern or the path]")
    elif not complete:
        lines.append("[stopped before everything was looked at: narrow the path]")
    where = "" if folder == "." else f" in {shown_path(folder)}"
    if not files and complete:
        lines.append(
            f"No file{where} matches {shown_path(parsed.pattern)}; ignored files and links are left out, and "
            "a pattern with a slash starts at the folder searched (**/ before it finds it at any depth)."
        )
    data = {"files": files[:_SHOWN_FILES], "total": len(files), "complete": complete}
    return ToolResult(True, "\n".join(lines), data, summary=count(len(files), "file") + where)
