"""The write tool: create a file, or replace the whole content of one that was read."""

from __future__ import annotations

from dataclasses import dataclass

from seedsmith.sandbox.workspace.workspace import digest
from seedsmith.tools.base import Access, Seen, ToolContext, ToolError, ToolResult
from seedsmith.tools.content.difference import short_diff, unified_diff, whole_replacement
from seedsmith.tools.content.encodings import UTF_8
from seedsmith.tools.content.file_lookup import resolved
from seedsmith.tools.content.loading import (
    TextFile,
    check_encodable,
    check_unchanged,
    in_thread,
    load_text,
    writes,
)
from seedsmith.tools.content.syntax import newly_broken, warning
from seedsmith.tools.files.matching import LINE_END, with_line_ends
from seedsmith.tools.files.omissions import find_omission
from seedsmith.tools.pydantic_tool import Parameters, PathText, PydanticTool, Text
from seedsmith.tools.text import count, escape, shown_path


class WriteParameters(Parameters):
    """Where, and the whole content."""

    path: PathText
    content: Text


@dataclass(frozen=True, slots=True)
class _Plan:
    """A checked change, ready to be written."""

    file: TextFile
    created: bool
    content: str
    data: bytes
    notes: tuple[str, ...]


class WriteTool(PydanticTool[WriteParameters]):
    """Writes whole files; an existing file keeps its encoding, BOM and line ends."""

    name = "write"
    description = "Create a file, folders included, or overwrite one you have read."
    parameters = WriteParameters

    def access(self, parsed: WriteParameters) -> Access:
        """The one file."""
        return writes(parsed.path)

    async def run(self, parsed: WriteParameters, context: ToolContext) -> ToolResult:
        """Check, then write the file at once or not at all."""
        plan = await in_thread(lambda: _plan(parsed, context))
        before = None if plan.created else plan.file.data
        broken = await newly_broken(plan.file.path, before, plan.data, context.processes)
        await in_thread(lambda: _write(plan, context))
        return _result(plan, broken)


def _plan(parsed: WriteParameters, context: ToolContext) -> _Plan:
    file = load_text(context, parsed.path, "write")
    if file is None:
        relative = resolved(context.workspace, parsed.path)
        new = TextFile(relative, b"", UTF_8, "")
        return _Plan(new, True, parsed.content, UTF_8.encode(parsed.content), ())
    path = shown_path(file.path)
    if file.path not in context.seen and file.data:
        raise ToolError(
            f"{path} exists and you have not read it: read it first, or change part of it with edit."
        )
    check_unchanged(context, file.path, file.data)
    if omission := find_omission(parsed.content, file.text):
        raise ToolError(
            f"'content' holds the placeholder {escape(omission)!r}, which would replace what {path} "
            "holds now: give the whole content, or use edit."
        )
    check_encodable(file, parsed.content)
    content, notes = _in_the_style_of(file, parsed.content)
    return _Plan(file, False, content, file.encoding.bom + file.encoding.encode(content), notes)


def _in_the_style_of(file: TextFile, content: str) -> tuple[str, tuple[str, ...]]:
    """Give ``content`` the file's line ends, if those are uniform and ``content`` spells none of its own."""
    encoding = file.encoding
    notes = [f"in its encoding, {encoding.label}"] if encoding.label and not encoding.stray_bytes else []
    ends = set(LINE_END.findall(file.text))
    if len(ends) == 1 and "\r" not in content:
        end = ends.pop()
        content = with_line_ends(content, end)
        if end != "\n":
            notes.append("with its line ends, " + ("CRLF" if end == "\r\n" else "CR"))
    return content, tuple(notes)


def _write(plan: _Plan, context: ToolContext) -> None:
    expected = None if plan.created else plan.file.data
    context.workspace.write_bytes(plan.file.path, plan.data, expected=expected)
    context.seen[plan.file.path] = Seen(digest(plan.data))


def _result(plan: _Plan, broken: str | None) -> ToolResult:
    path, before = plan.file.path, plan.file.text
    diff = unified_diff(path, before, [whole_replacement(before, plan.content)], created=plan.created)
    data = {
        "path": path,
        "created": plan.created,
        "bytes": len(plan.data),
        "diff": diff,
        "syntax": broken,
    }
    done = f"{'created' if plan.created else 'wrote'} {shown_path(path)}"
    text = f"{done}: {count(len(plan.data), 'byte')}, {count(_line_count(plan.content), 'line')}"
    if plan.notes:
        text += f", {' and '.join(plan.notes)}"
    if not plan.created:
        text += f"\n{short_diff(diff)}" if diff else "\nIt held exactly that before."
    if broken:
        text += f"\n{warning(broken, plan.created)}"
    return ToolResult(True, text, data, summary=text.split("\n", 1)[0])


def _line_count(text: str) -> int:
    return text.count("\n") + (not text.endswith("\n") and bool(text))
