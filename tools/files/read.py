"""The read tool: numbered lines of a file, of a spilled output, or the names in a folder."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import BinaryIO

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from seedsmith.sandbox.errors import PathNotFound, SandboxError
from seedsmith.sandbox.workspace.workspace import FileStat, digest
from seedsmith.tools.arguments import SYNONYMS, json_in, whole_number
from seedsmith.tools.base import Access, JsonObject, Seen, ToolContext, ToolError, ToolResult
from seedsmith.tools.content.encodings import UTF_8, Encoding, decode_text, describe_binary, detect
from seedsmith.tools.content.file_lookup import SPILL_PREFIX, not_found, resolved
from seedsmith.tools.content.loading import MAX_TEXT_BYTES, in_thread, reads, version
from seedsmith.tools.documents import ENDINGS
from seedsmith.tools.files.large_files import (
    NotPlain,
    decoded_from,
    encoding_of,
    look_through,
    note_seen,
    opened,
)
from seedsmith.tools.files.matching import LINE_END
from seedsmith.tools.files.window import TextTooLong, Window, cut, decoded, in_chunks
from seedsmith.tools.pydantic_tool import Parameters, PathText, PydanticTool
from seedsmith.tools.text import clean_output, count, escape, holds_hidden, human_bytes, shown_path

_LAST_LINE = ("end_line", "end", "line_end", "to", "to_line", "end_line_one_indexed_inclusive")
_RANGES = ("view_range", "line_range", "range", "limit")
_RANGE = re.compile(r"\W*L?([0-9]{1,9})\s*(?:,|-|:|\.\.)\s*L?(-?[0-9]{1,9})\W*", re.ASCII | re.IGNORECASE)
_SEVERAL = ("paths", "file_paths", "files")
_MOST_FILES = 20
_PLACE = re.compile(r"(?P<path>.+?):L?(?P<first>[0-9]{1,9})(?:[-:]L?(?P<last>[0-9]{1,9}))?:?", re.ASCII)
_NAMED_LINES = 10
_DEFAULT_LINES = 400
_MOST_LINES = 5_000
_SHOWN_BYTES = 28_000
"""Below what dispatch lets through, so that it is this tool that says how to go on."""
_LEAST_BYTES = 1_000
"""With less room left, no further one of several files is read."""
_SEARCHED_BYTES = 512 << 20
_SAMPLE_BYTES = 64 << 10
_PATH_NAMES = frozenset({"path", *SYNONYMS["path"]})


class ReadParameters(Parameters):
    """What to read, and which part of it."""

    path: PathText = Field(description="File, folder or spill:ID.")
    offset: int = Field(1, ge=1, description="First line, from 1.")
    limit: int = Field(
        _DEFAULT_LINES,
        ge=1,
        le=_MOST_LINES,
        description=f"Lines; default {_DEFAULT_LINES}, at most {_MOST_LINES}.",
    )
    more: SkipJsonSchema[list[ReadParameters]] = Field([])
    """Further files. Models are not told of them; some ask for several all the same."""

    @classmethod
    def prepare(cls, values: JsonObject, notes: list[str]) -> JsonObject:
        """Take several files, a last line, and a pair of lines, for what they mean; line 0 is the first."""
        found = _one_and_more(values)
        for name in _RANGES:
            if (extent := _lines_meant(found.get(name))) is not None:
                del found[name]
                found.setdefault("offset", extent[0])
                found.setdefault("end_line", extent[1])
        offset = whole_number(found.get("offset", 1))
        if offset == 0:
            found["offset"] = offset = 1
        ends = [name for name in _LAST_LINE if name in found]
        last = whole_number(found[ends[0]]) if ends else None
        if offset is not None and last is not None and (last >= offset or last == -1):
            del found[ends[0]]
            found.setdefault("limit", last - offset + 1 if last > 0 else _MOST_LINES)
        return found

    @property
    def every(self) -> Iterator[ReadParameters]:
        """All that is to be read."""
        yield self
        for each in self.more:
            yield from each.every


def _one_and_more(values: JsonObject) -> JsonObject:
    """A copy of ``values``, the first of several files its ``path`` and the others in ``more``."""
    listed = {name: files for name in ("path", *_SEVERAL) if (files := _files_in(values.get(name)))}
    if not listed:
        return dict(values)
    one = values.get("path")
    files = [*([{"path": one}] if isinstance(one, str) and "path" not in listed else [])]
    files += [file for each in listed.values() for file in each if file not in files]
    if len(files) > _MOST_FILES:
        raise ValueError(f"at most {_MOST_FILES} files can be read at once, these are {len(files)}")
    shared = {name: value for name, value in values.items() if name != "path" and name not in listed}
    first, *more = ({**shared, **file} for file in files)
    return {**first, "more": more} if more else first


def _files_in(value: object) -> list[JsonObject]:
    """The files of a list of them, each a path or an object that holds one; nothing where it is none."""
    listed = json_in(value) if isinstance(value, str) else value
    if not isinstance(listed, list):
        return []
    files = [{"path": each} if isinstance(each, str) else each for each in listed]
    return files if all(isinstance(file, dict) and _PATH_NAMES & file.keys() for file in files) else []


def _lines_meant(value: object) -> tuple[int, int] | None:
    """The first and last line that ``[3, 9]`` or ``"3-9"`` means."""
    if isinstance(value, str) and (match := _RANGE.fullmatch(value)):
        value = [match[1], match[2]]
    if not isinstance(value, list) or len(value) != 2:
        return None
    first, last = map(whole_number, value)
    return None if first is None or last is None else (first, last)


class ReadTool(PydanticTool[ReadParameters]):
    """Reads text of any size and encoding in parts."""

    name = "read"
    description = "Read a text file as numbered lines, or list a folder."
    parameters = ReadParameters

    def access(self, parsed: ReadParameters) -> Access:
        """The files or folders; a spilled output belongs to nobody else."""
        paths = [each.path for each in parsed.every if not each.path.startswith(SPILL_PREFIX)]
        return Access(reads=frozenset().union(*(reads(path).reads for path in paths)))

    async def run(self, parsed: ReadParameters, context: ToolContext) -> ToolResult:
        """Read the part asked for and remember which version of the file it was."""
        return await (_read_several if parsed.more else _read_one)(parsed, context)


async def _read_one(parsed: ReadParameters, context: ToolContext, most: int = _SHOWN_BYTES) -> ToolResult:
    """Read one file, of which about ``most`` bytes are shown."""
    if parsed.path.lower().endswith(ENDINGS):
        from seedsmith.tools.documents.documents import document_at, read_document

        path = await in_thread(lambda: document_at(parsed.path, context))
        if path:
            return await read_document(path, parsed.offset, parsed.limit, context)
    return await in_thread(lambda: _read(parsed, context, most))


async def _read_several(parsed: ReadParameters, context: ToolContext) -> ToolResult:
    """Read one file after the other; what one leaves of the room is the next ones'.

    Raises :class:`ToolError` where none can be read.
    """
    every = list(parsed.every)
    parts: list[str] = []
    data: list[JsonObject] = []
    left = _SHOWN_BYTES
    for index, each in enumerate(every):
        if left < _LEAST_BYTES:
            rest = ", ".join(shown_path(other.path) for other in every[index:])
            parts.append(f"[no room for {rest}: read on from there]")
            break
        try:
            result = await _read_one(each, context, left // (len(every) - index))
            data.append(result.data)
            text = result.text
        except (ToolError, SandboxError) as error:
            text = f"[{error}]"
        parts.append(f"== {shown_path(each.path)}\n{text}")
        left -= len(text.encode("utf-8", "surrogatepass"))
    if not data:
        raise ToolError("\n".join(parts))
    names = ", ".join(shown_path(each.path) for each in every)
    return ToolResult(True, "\n".join(parts), {"files": data}, f"{len(data)} of {len(every)} files: {names}")


def _read(parsed: ReadParameters, context: ToolContext, most: int) -> ToolResult:
    if parsed.path.startswith(SPILL_PREFIX):
        return _read_spill(parsed, context, most)
    path = resolved(context.workspace, parsed.path)
    try:
        found = context.workspace.stat(path)
        if found.kind == "folder":
            return _list_folder(parsed, path, context)
        with suppress(NotPlain):
            if not path.endswith(".ipynb"):
                return _read_plain(parsed, path, context, most)
        if found.size > MAX_TEXT_BYTES:
            return _read_large(parsed, path, found, context, most)
        data = context.workspace.read_bytes(path, cap=MAX_TEXT_BYTES)
    except PathNotFound:
        if (place := _place_meant(parsed)) is not None:
            return _read(place, context, most)
        raise not_found(context.workspace, parsed.path) from None
    found_text = decode_text(data)
    if found_text is None:
        return _binary(path, data[:_SAMPLE_BYTES], len(data))
    encoding, text = found_text
    context.seen[path] = Seen(digest(data))
    if path.endswith(".ipynb") and (shown := _cells(path, text, parsed)) is not None:
        return shown
    if "\n" not in text:
        text = text.replace("\r", "\n")
    window = cut(in_chunks(text), parsed.offset, parsed.limit, most)
    if window.total is None:
        window = Window(window.first, window.lines, text.count("\n") + (not text.endswith("\n")))
    return _result(path, parsed.offset, window, len(data), _style(encoding, text))


def _place_meant(parsed: ReadParameters) -> ReadParameters | None:
    """What a path such as ``a.py:12`` or ``a.py:12-20`` means, which is of no file; None for any other."""
    match = _PLACE.fullmatch(parsed.path)
    if match is None or parsed.model_fields_set & {"offset", "limit"}:
        return None
    first, last = max(int(match["first"]), 1), int(match["last"] or 0)
    lines = {"limit": min(last - first + 1, _MOST_LINES)} if last >= first else {}
    return parsed.model_copy(update={"path": match["path"], "offset": first, **lines})


def _cells(path: str, text: str, parsed: ReadParameters) -> ToolResult | None:
    """The cells of a notebook; None where it is none."""
    from seedsmith.tools.documents.notebook import NoNotebook, as_text, cells_of

    try:
        cells = cells_of(text)
    except NoNotebook:
        return None
    shown, last = as_text(path, cells, parsed.offset, parsed.limit)
    data = {"path": path, "first": parsed.offset, "last": last, "total": len(cells), "document": "notebook"}
    return ToolResult(True, shown, data, f"{shown_path(path)}: {count(len(cells), 'cell')}")


def _read_plain(parsed: ReadParameters, path: str, context: ToolContext, most: int) -> ToolResult:
    """Read a part of a large UTF-8 file with plain line ends; raises :class:`NotPlain` for any other."""
    with opened(context, path, as_seen=False) as file:
        encoding = encoding_of(file)
        survey = look_through(file, parsed.offset - 1)
        window = Window(parsed.offset, (), survey.lines)
        if parsed.offset <= survey.lines:
            start = max(survey.start, len(encoding.bom))
            shown = cut(decoded_from(file, start), 1, parsed.limit, most)
            window = Window(parsed.offset, shown.lines, survey.lines)
        note_seen(context, path, file)
    return _result(path, parsed.offset, window, file.size, _style(encoding, ""))


def _read_large(
    parsed: ReadParameters, path: str, found: FileStat, context: ToolContext, most: int
) -> ToolResult:
    with context.workspace.open_read(path) as file:
        sample = file.read(_SAMPLE_BYTES)
        encoding = detect(sample, complete=False)
        if encoding is None:
            return _binary(path, sample, found.size)
        window = _cut_stream(file, encoding, parsed, path, most)
    context.seen[path] = Seen(version=version(found))
    return _result(path, parsed.offset, window, found.size, _style(encoding, ""))


def _read_spill(parsed: ReadParameters, context: ToolContext, most: int) -> ToolResult:
    with context.spills.open(parsed.path.removeprefix(SPILL_PREFIX)) as file:
        size = os.fstat(file.fileno()).st_size
        window = _cut_stream(file, UTF_8, parsed, parsed.path, most)
    cleaned = tuple(clean_output(line).replace("\n", " ") for line in window.lines)
    return _result(parsed.path, parsed.offset, Window(window.first, cleaned, window.total), size, ())


def _cut_stream(file: BinaryIO, encoding: Encoding, parsed: ReadParameters, path: str, most: int) -> Window:
    try:
        chunks = decoded(file, encoding, _SEARCHED_BYTES)
        return cut(chunks, parsed.offset, parsed.limit, most)
    except TextTooLong:
        raise ToolError(
            f"Line {parsed.offset:,} of {shown_path(path)} was not reached within its first "
            f"{human_bytes(_SEARCHED_BYTES)}: use grep, or shell with tail or dd."
        ) from None


def _style(encoding: Encoding, text: str) -> tuple[str, ...]:
    """Name what the numbered lines don't show: an unusual encoding, unusual line ends."""
    notes = [f"encoding {encoding.label}"] if encoding.label else []
    if "\r" in text:
        ends = set(LINE_END.findall(text))
        notes.append("line ends CRLF" if ends == {"\r\n"} else "line ends mixed")
    return tuple(notes)


def _result(path: str, offset: int, window: Window, size: int, style: Iterable[str]) -> ToolResult:
    name = shown_path(path)
    total = window.total
    if total == 0:
        notes = ["the file is empty", *style]
    elif not window.lines:
        raise ToolError(f"offset {offset:,} is past the end: {name} has {count(total or 0, 'line')}.")
    else:
        notes = [*_extent(window, size), *style]
    width = len(str(window.last))
    lines = [f"{window.first + index:>{width}}\t{escape(line)}" for index, line in enumerate(window.lines)]
    hidden = [str(window.first + index) for index, line in enumerate(window.lines) if holds_hidden(line)]
    if hidden:
        more = ", …" if len(hidden) > _NAMED_LINES else ""
        where = f"line {', '.join(hidden[:_NAMED_LINES])}{more}"
        notes.append(rf"each \u{{…}} or \x{{…}} in {where} may be one hidden character, not these letters")
    if notes:
        lines.append(f"[{'; '.join(notes)}]")
    data = {"path": path, "first": window.first, "last": window.last, "total": total}
    shown = count(len(window.lines), "line")
    summary = f"{name}: {shown}" + (f" of {total:,}" if total and total != len(window.lines) else "")
    return ToolResult(True, "\n".join(lines), data, summary)


def _extent(window: Window, size: int) -> list[str]:
    """Say which part is shown and how to see the rest; nothing where it is the whole."""
    if window.total is None:
        return [
            f"lines {window.first}-{window.last} of a file of {human_bytes(size)}; "
            f"go on with offset={window.last + 1}"
        ]
    if window.first == 1 and window.last == window.total:
        return []
    several = window.last > window.first
    shown = f"lines {window.first}-{window.last}" if several else f"line {window.first}"
    rest = f"; go on with offset={window.last + 1}" if window.last < window.total else ", the end"
    return [f"{shown} of {window.total}{rest}"]


def _binary(path: str, head: bytes, size: int) -> ToolResult:
    what = f"{shown_path(path)} is {describe_binary(head)} of {human_bytes(size)}; its content is not shown."
    return ToolResult(True, what, {"path": path, "binary": True, "bytes": size}, what)


def _list_folder(parsed: ReadParameters, path: str, context: ToolContext) -> ToolResult:
    entries = context.workspace.list_folder(path)
    start = parsed.offset - 1
    if entries and start >= len(entries):
        raise ToolError(
            f"offset {parsed.offset} is past the end: {shown_path(path)} has {len(entries)} entries."
        )
    part = entries[start : start + parsed.limit]
    marks = {"folder": "/", "link": " (link)", "other": " (special file)"}
    lines = [
        shown_path(entry.name) + (marks.get(entry.kind) or f"  {human_bytes(entry.size)}") for entry in part
    ]
    if len(part) < len(entries):
        lines.append(f"[entries {start + 1}-{start + len(part)} of {len(entries)}; the rest by offset]")
    what = f"{shown_path(path)}: a folder with {count(len(entries), 'entry', 'entries')}"
    return ToolResult(True, "\n".join([what, *lines]), {"path": path, "entries": len(entries)}, what)
