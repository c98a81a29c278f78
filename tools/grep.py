"""The grep tool: lines that match a regular expression, grouped by file."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from pydantic import Field

from sandbox.errors import PathNotFound
from tools.base import Access, ToolContext, ToolError, ToolResult
from tools.encodings import decode_output, detect
from tools.files import not_found, reads
from tools.glob import ignore_descriptor
from tools.parameters import Parameters, PydanticTool
from tools.patterns import FilePattern
from tools.ripgrep import Output, parent_rules, run_ripgrep
from tools.text import count, escape, shown_path

_SECONDS = 20.0
_DEFAULT_MATCHES = 200
_LINE_BYTES = 300
_SHOWN_BYTES = 28_000
_SAMPLE_BYTES = 64 << 10


class GrepParameters(Parameters):
    """What to look for, and where."""

    pattern: str = Field(min_length=1, max_length=10_000, description="Regex (Rust syntax), line by line.")
    path: str = Field(".", description="File or folder; default: the workspace.")
    glob: str | None = Field(None, max_length=1_000, description="Only these files, e.g. *.py")
    ignore_case: bool = False
    context: int = Field(0, ge=0, le=20, description="Lines around each match.")
    limit: int = Field(
        _DEFAULT_MATCHES, ge=1, le=2_000, description=f"Matching lines; default {_DEFAULT_MATCHES}."
    )


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of the result; ``column`` is 1-based and in bytes, 0 for a line of context."""

    path: str
    number: int
    column: int
    text: bytes


class GrepTool(PydanticTool[GrepParameters]):
    """Searches file contents with ripgrep."""

    name = "grep"
    description = "Search file contents; .gitignore is respected, binary files are skipped."
    parameters = GrepParameters

    def access(self, parsed: GrepParameters) -> Access:
        """The file or folder."""
        return reads(parsed.path)

    async def run(self, parsed: GrepParameters, context: ToolContext) -> ToolResult:
        """Search, then show as much as is worth showing."""
        if "\0" in parsed.pattern:
            raise ToolError("The pattern holds a NUL character, which no text line has.")
        path = context.workspace.relative(parsed.path)
        pattern = FilePattern(parsed.glob) if parsed.glob else None
        output, prefix = await _search(parsed, path, pattern, context)
        _check(parsed, output)
        lines, binaries = _parse(output.data)
        if pattern is not None:
            lines = [line for line in lines if pattern.matches(line.path)]
        named = [
            _Line(prefix + line.path if prefix != path else path, line.number, line.column, line.text)
            for line in lines
        ]
        return _result(parsed, path, named, [prefix + name for name in binaries], output)


async def _search(
    parsed: GrepParameters, path: str, pattern: FilePattern | None, context: ToolContext
) -> tuple[Output, str]:
    """Return ripgrep's output and what stands before its paths; for a single file, that file's path."""
    workspace = context.workspace
    arguments = [
        "--no-heading",
        "--with-filename",
        "--line-number",
        "--column",
        "--mmap",
        "--no-context-separator",
        f"--max-columns={_LINE_BYTES}",
        "--max-columns-preview",
        f"--context={parsed.context}",
        "--ignore-case" if parsed.ignore_case else "--case-sensitive",
        f"--regexp={parsed.pattern}",
    ]
    descriptors: list[int] = []
    with ExitStack() as stack:
        try:
            single = workspace.stat(path).kind != "folder"
            folder = workspace.open_folder("." if single else path)
            stack.callback(os.close, folder)
            if single:
                file = stack.enter_context(workspace.open_read(path))
                descriptors.append(file.fileno())
                if detect(file.read(_SAMPLE_BYTES), complete=False) is None:
                    raise ToolError(f"{shown_path(path)} is binary: grep searches text only.")
        except PathNotFound:
            raise not_found(workspace, parsed.path) from None
        if path == ".":
            arguments += parent_rules(workspace.root)
        if pattern is not None and not single:
            ignore = ignore_descriptor(pattern)
            stack.callback(os.close, ignore)
            descriptors.append(ignore)
            arguments.append(f"--ignore-file=/proc/self/fd/{ignore}")
        target = f"/proc/self/fd/{descriptors[0]}" if single else "."
        output = await run_ripgrep(
            workspace.root,
            (*arguments, "--", target),
            folder,
            records=(parsed.limit + 1) * (2 * parsed.context + 1),
            seconds=_SECONDS,
            descriptors=descriptors,
        )
    return output, path if single else "" if path == "." else f"{path}/"


def _check(parsed: GrepParameters, output: Output) -> None:
    """Raise :class:`ToolError` with one sentence if ripgrep refused the pattern or broke."""
    if output.stopped or output.timed_out or output.exit_code in (0, 1) or not output.error:
        return
    reasons = re.findall(r"^error: (.+)$", output.error, re.MULTILINE)
    reason = reasons[0] if reasons else output.error.removeprefix("rg: ").split("\n", 1)[0]
    if 'literal "\\n"' in reason:
        reason = "a match can't span lines, so that a newline never matches"
    raise ToolError(f"The pattern {escape(parsed.pattern)!r} does not work: {escape(reason)}.")


_BINARY_NOTE = re.compile(
    rb"(.+?): (?:binary file matches|WARNING: stopped searching binary file)[^\n]*\n", re.DOTALL
)
_RECORD = re.compile(rb"(\d+)(?::(\d+):|-)([^\n]*)(?:\n|\Z)")


def _parse(data: bytes) -> tuple[list[_Line], list[str]]:
    """Return the lines ripgrep printed (``path NUL number:column:text``), and the binary files it named."""
    lines: list[_Line] = []
    binaries: list[str] = []
    position = 0
    while position < len(data):
        nul = data.find(b"\0", position)
        before = data[position : nul if nul >= 0 else len(data)]
        while note := _BINARY_NOTE.match(before):
            binaries.append(os.fsdecode(note.group(1)).removeprefix("./"))
            before = before[note.end() :]
        record = _RECORD.match(data, nul + 1) if nul >= 0 else None
        if record is None:
            break
        number, column, text = record.groups()
        name = os.fsdecode(before).removeprefix("./")
        lines.append(_Line(name, int(number), int(column or 0), text.removesuffix(b"\r")))
        position = record.end()
    return lines, binaries


def _result(
    parsed: GrepParameters, path: str, lines: list[_Line], binaries: list[str], output: Output
) -> ToolResult:
    shown = list(_within_limits(lines, parsed.limit))
    matches = sum(1 for line in shown if line.column)
    files = len({line.path for line in shown})
    text: list[str] = []
    last: _Line | None = None
    for line in shown:
        if last is None or line.path != last.path:
            text.append(shown_path(line.path))
        elif line.number > last.number + 1 and parsed.context:
            text.append("--")
        text.append(_shown(line))
        last = line
    if len(shown) < len(lines) or output.stopped:
        text.append(f"[the first {count(matches, 'match', 'matches')}: there are more, narrow it down]")
    if output.timed_out:
        text.append(f"[stopped after {_SECONDS:.0f} seconds, not everything was searched: narrow the path]")
    if binaries:
        text.append(f"[binary, not searched: {', '.join(map(shown_path, binaries[:10]))}]")
    if not matches and not output.timed_out:
        text.append(_nothing_found(parsed, path))
    data = {"matches": matches, "files": files, "complete": not (output.stopped or output.timed_out)}
    summary = f"{count(matches, 'match', 'matches')} in {count(files, 'file')}"
    return ToolResult(True, "\n".join(text), data, summary)


def _within_limits(lines: list[_Line], limit: int) -> Iterator[_Line]:
    matches = spent = 0
    for line in lines:
        matches += line.column > 0
        spent += len(line.text) + 10
        if matches > limit or spent > _SHOWN_BYTES:
            return
        yield line


def _shown(line: _Line) -> str:
    mark = ":" if line.column else "-"
    far = f" [match at column {line.column:,}]" if line.column > _LINE_BYTES else ""
    return f"{line.number}{mark}{escape(decode_output(line.text))}{far}"


def _nothing_found(parsed: GrepParameters, path: str) -> str:
    where = "the workspace" if path == "." else shown_path(path)
    among = f" among {shown_path(parsed.glob)}" if parsed.glob else ""
    return (
        f"No line in {where}{among} matches {escape(parsed.pattern)!r}; "
        "ignored, binary and linked files are not searched."
    )
