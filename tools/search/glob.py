"""The glob tool: the files a pattern means, ignored ones left out."""

from __future__ import annotations

import os

from pydantic import Field

from seedsmith.sandbox.errors import NotARegularFile, PathNotFound
from seedsmith.tools.arguments import SYNONYMS
from seedsmith.tools.base import Access, JsonObject, ToolContext, ToolResult
from seedsmith.tools.content.file_lookup import not_found, resolved
from seedsmith.tools.content.loading import reads
from seedsmith.tools.pydantic_tool import ArgumentText, Parameters, PathText, PydanticTool
from seedsmith.tools.search.ignored import ignoring
from seedsmith.tools.search.lenient_patterns import one_glob
from seedsmith.tools.search.patterns import FilePattern, Listing, in_folder, list_files
from seedsmith.tools.search.ripgrep import parent_rules
from seedsmith.tools.search.tracked import tracked_though_ignored
from seedsmith.tools.text import count, shown_path

_SHOWN_FILES = 500
_SECONDS = 20.0


_LIMITS = ("limit", *SYNONYMS["limit"])


class GlobParameters(Parameters):
    """Which files, and below which folder."""

    pattern: ArgumentText = Field(
        min_length=1, max_length=1_000, description="E.g. *.py (any depth), src/**/*.ts"
    )
    path: PathText = "."

    @classmethod
    def prepare(cls, values: JsonObject, notes: list[str]) -> JsonObject:
        """Take several patterns for one; a limit of one's own is none here."""
        found = {name: value for name, value in values.items() if name not in _LIMITS}
        if len(found) < len(values):
            notes.append("glob takes no limit")
        return {**found, "pattern": one_glob(found["pattern"])} if "pattern" in found else found


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
        named, glob = in_folder(workspace, parsed.path, parsed.pattern)
        folder = resolved(workspace, named)
        pattern = FilePattern(glob)
        try:
            if workspace.stat(folder).kind != "folder":
                raise NotARegularFile(f"{shown_path(folder)} is not a folder; glob looks through folders.")
            descriptor = workspace.open_folder(folder)
        except PathNotFound:
            raise not_found(workspace, parsed.path) from None
        try:
            rules = parent_rules(workspace.root) if folder == "." else ()
            rules += ignoring(context.ignored, folder)
            tracked = await tracked_though_ignored(context, folder, descriptor)
            listing = await list_files(workspace.root, descriptor, pattern, rules, _SECONDS, tracked)
        finally:
            os.close(descriptor)
        prefix = "" if folder == "." else f"{folder}/"
        return _result(parsed, folder, [prefix + name for name in listing.names], listing)


def _result(parsed: GlobParameters, folder: str, files: list[str], listing: Listing) -> ToolResult:
    complete = listing.complete
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
    if listing.as_names:
        lines.append("[brackets and braces of the pattern were taken as part of the names]")
    if listing.unreadable.number:
        complete = False
        lines.append(listing.unreadable.sentence(folder))
    data = {"files": files[:_SHOWN_FILES], "total": len(files), "complete": complete}
    return ToolResult(True, "\n".join(lines), data, summary=count(len(files), "file") + where)
