"""The write tool: create a file, or replace the whole content of one that was read."""

from __future__ import annotations

import json
from typing import Any

from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.workspace.workspace import digest
from seedsmith.tools.arguments import json_in
from seedsmith.tools.base import Access, JsonObject, Seen, ToolContext, ToolError, ToolResult
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

    @classmethod
    def prepare(cls, values: JsonObject, notes: list[str]) -> JsonObject:
        """Take an object or a list for the text it stands for, where that is sure."""
        content, path = values.get("content"), values.get("path")
        if not isinstance(content, dict | list) or not isinstance(path, str):
            return values
        text, note = _as_text(content, path.lower())
        if text is None:
            return values
        notes.append(f"'content' is the file's text: {note}")
        return {**values, "content": text}


def _as_text(content: Any, path: str) -> tuple[str | None, str]:
    """The text that ``content``, a list or an object, means in a file of that name, and how it was taken."""
    lines = _joined(content)
    if path.endswith(_JSON) and (lines is None or json_in(lines) is None):
        indent = 1 if path.endswith(".ipynb") else 2
        written = json.dumps(content, indent=indent, ensure_ascii=False)
        return f"{written}\n", f"what was given was written as JSON, indented by {indent}"
    if path.endswith(_JSON_LINES) and lines is None and isinstance(content, list):
        rows = [json.dumps(each, ensure_ascii=False) for each in content]
        return "".join(f"{row}\n" for row in rows), "what was given was written as JSON, one item a line"
    return lines, "the list was taken for its lines"


def _joined(content: Any) -> str | None:
    """The text of a list of lines, with their ends or without; None where it is none."""
    if not content or not isinstance(content, list) or not all(isinstance(line, str) for line in content):
        return None
    if all(line.endswith("\n") for line in content[:-1]):
        return "".join(content)
    return None if any("\n" in line for line in content) else "\n".join([*content, ""])


_JSON = (".json", ".jsonc", ".json5", ".geojson", ".webmanifest", ".ipynb", ".code-workspace")
_JSON_LINES = (".jsonl", ".ndjson")


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
