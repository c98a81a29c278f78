"""The grep tool: lines that match a regular expression, grouped by file."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import field, replace
from itertools import groupby
from typing import BinaryIO

from pydantic import Field

from seedsmith.sandbox.errors import PathError, PathNotFound
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.base import Access, JsonObject, ToolContext, ToolError, ToolResult
from seedsmith.tools.content.encodings import UTF_8, Encoding, decode_output, detect
from seedsmith.tools.content.file_lookup import SPILL_PREFIX, not_found, resolved
from seedsmith.tools.content.loading import reads
from seedsmith.tools.pydantic_tool import ArgumentText, Parameters, PathText, PydanticTool
from seedsmith.tools.search.ignored import ignoring
from seedsmith.tools.search.legacy_encodings import (
    across_stray_bytes,
    list_legacy_files,
    reaches_beyond_ascii,
    ripgrep_name,
)
from seedsmith.tools.search.lenient_patterns import search_as_written
from seedsmith.tools.search.patterns import FilePattern, in_folder, list_files
from seedsmith.tools.search.ripgrep import Output, parent_rules, run_ripgrep
from seedsmith.tools.search.ripgrep_output import Line, parse_lines
from seedsmith.tools.search.tracked import tracked_though_ignored
from seedsmith.tools.text import count, escape, shown_path

_SECONDS = 20.0
_DEFAULT_MATCHES = 200
_MOST_MATCHES = 2_000
_LINE_BYTES = 300
_SHOWN_BYTES = 28_000
_SAMPLE_BYTES = 64 << 10
_BOM_BYTES = 4
_MOST_LEGACY_FILES = 256
"""Searched each in its own encoding; all are open at once."""
_NAMED_BINARIES = 10


class GrepParameters(Parameters):
    """What to look for, and where."""

    pattern: ArgumentText = Field(min_length=1, max_length=10_000, description="Regex (Rust), line by line.")
    path: PathText = "."
    glob: ArgumentText | None = Field(None, max_length=1_000, description="Files, e.g. *.py")
    ignore_case: bool = False
    context: int = Field(0, ge=0, le=20, description="Lines around, at most 20.")
    limit: int = Field(
        _DEFAULT_MATCHES,
        ge=1,
        le=_MOST_MATCHES,
        description=f"Lines; default {_DEFAULT_MATCHES}, at most {_MOST_MATCHES}.",
    )

    @classmethod
    def prepare(cls, values: JsonObject, notes: list[str]) -> JsonObject:
        """Take ripgrep's and other programs' options for what they mean."""
        return search_as_written(values)


class GrepTool(PydanticTool[GrepParameters]):
    """Searches file contents with ripgrep."""

    name = "grep"
    description = "Search file contents; .gitignore is respected."
    parameters = GrepParameters

    def access(self, parsed: GrepParameters) -> Access:
        """The file or folder; a kept output belongs to nobody else."""
        return Access() if parsed.path.startswith(SPILL_PREFIX) else reads(parsed.path)

    async def run(self, parsed: GrepParameters, context: ToolContext) -> ToolResult:
        """Search, then show as much as is worth showing."""
        if parsed.path.startswith(SPILL_PREFIX):
            path = parsed.path
            with context.spills.open(path.removeprefix(SPILL_PREFIX)) as file:
                found = await _search_open(parsed, path, file, context)
        else:
            named, glob = in_folder(context.workspace, parsed.path, parsed.glob or "")
            path = resolved(context.workspace, named)
            found = await _search(parsed, path, FilePattern(glob) if glob else None, context)
        _check(parsed, found.output)
        return _result(parsed, path, found, context)


@dataclass(frozen=True, slots=True)
class _Found:
    """What ripgrep printed, understood, with paths relative to the workspace."""

    output: Output
    lines: tuple[Line, ...]
    binaries: tuple[str, ...]
    decoded: Mapping[str, Encoding] = field(default_factory=dict)
    """Files that were decoded before they were searched, so that their lines are UTF-8."""


async def _search(
    parsed: GrepParameters, path: str, pattern: FilePattern | None, context: ToolContext
) -> _Found:
    """Search the file or folder at ``path``."""
    workspace = context.workspace
    try:
        if workspace.stat(path).kind != "folder":
            return await _search_file(parsed, path, context)
        folder = workspace.open_folder(path)
    except PathNotFound:
        raise not_found(workspace, parsed.path) from None
    rules = (parent_rules(workspace.root) if path == "." else ()) + ignoring(context.ignored, path)
    with ExitStack() as stack:
        stack.callback(os.close, folder)
        if pattern is None or pattern.leaving_out:
            rules += pattern.leaving_out if pattern else ()
            listed = asyncio.ensure_future(tracked_though_ignored(context, path, folder))
            try:
                found = await _search_folder(parsed, path, _Narrowed(rules), folder, context)
                return await _search_tracked(parsed, path, await listed, folder, found, context)
            finally:
                listed.cancel()
                await asyncio.gather(listed, return_exceptions=True)
        tracked = await tracked_though_ignored(context, path, folder)
        listing = await list_files(workspace.root, folder, pattern, rules, _SECONDS, tracked)
        ignore = listing.pattern.open_ignore_file()
        stack.callback(os.close, ignore)
        options = (*rules, f"--ignore-file=/proc/self/fd/{ignore}")
        names = frozenset(listing.names)
        narrowed = _Narrowed(options, (ignore,), names)
        found = await _search_folder(parsed, path, narrowed, folder, context)
        meant = [name for name in tracked if name in names]
        return await _search_tracked(parsed, path, meant, folder, found, context)


@dataclass(frozen=True, slots=True)
class _Narrowed:
    """Which files of a folder are searched."""

    options: Sequence[str]
    """Of ripgrep's: what it is to ignore."""
    descriptors: Sequence[int] = ()
    """What those options name as open files."""
    wanted: frozenset[str] | None = None
    """The only files that count; None: all."""


async def _search_folder(
    parsed: GrepParameters, path: str, narrowed: _Narrowed, folder: int, context: ToolContext
) -> _Found:
    """Search all files, and where the pattern asks for it, those that are not UTF-8 in their encoding."""
    options, descriptors, wanted = narrowed.options, narrowed.descriptors, narrowed.wanted
    search = _run(parsed, options, ["."], folder, descriptors, context)
    if not reaches_beyond_ascii(parsed.pattern):
        return _understand(await search, path, wanted)
    root = context.workspace.root
    listing = asyncio.ensure_future(list_legacy_files(root, options, folder, descriptors, _SECONDS))
    try:
        output = await search
        found = _understand(output, path, wanted)
        if output.stopped or output.timed_out or _is_refusal(output):
            return found
        names = await listing
    finally:
        listing.cancel()
        await asyncio.gather(listing, return_exceptions=True)
    prefix = "" if path == "." else f"{path}/"
    legacy = [prefix + name for name in names if wanted is None or name in wanted]
    return await _search_legacy(parsed, legacy, folder, found, context)


async def _search_tracked(
    parsed: GrepParameters,
    path: str,
    names: Sequence[str],
    folder: int,
    found: _Found,
    context: ToolContext,
) -> _Found:
    """Add to ``found`` the lines of the files ``names``, which git tracks though they are ignored."""
    if not names or _is_refusal(found.output):
        return found
    output = await _run(parsed, (), [f"./{name}" for name in names], folder, (), context)
    more = _understand(output, path, None)
    known = {line.path for line in found.lines}
    lines = [*found.lines, *(line for line in more.lines if line.path not in known)]
    lines.sort(key=lambda line: os.fsencode(line.path).split(b"/"))
    whole = replace(
        found.output,
        stopped=found.output.stopped or output.stopped,
        timed_out=found.output.timed_out or output.timed_out,
    )
    binaries = tuple(dict.fromkeys((*found.binaries, *more.binaries)))
    return _Found(whole, tuple(lines), binaries, found.decoded)


async def _search_legacy(
    parsed: GrepParameters, paths: Sequence[str], folder: int, found: _Found, context: ToolContext
) -> _Found:
    """Add to ``found`` the lines of the files at ``paths`` that match in the files' own encodings."""
    outputs, lines, decoded = [found.output], list(found.lines), dict(found.decoded)
    with ExitStack() as stack:
        groups: dict[str, dict[str, str]] = {}
        for path in paths[:_MOST_LEGACY_FILES]:
            with suppress(PathError):
                file = stack.enter_context(context.workspace.open_read(path))
                encoding = detect(file.read(_SAMPLE_BYTES), complete=False)
                if encoding is not None and (name := ripgrep_name(encoding)):
                    groups.setdefault(name, {})[f"/proc/self/fd/{file.fileno()}"] = path
                    decoded[path] = encoding
        for name, targets in groups.items():
            numbers = [int(target.rpartition("/")[2]) for target in targets]
            output = await _run(parsed, (f"--encoding={name}",), list(targets), folder, numbers, context)
            outputs.append(output)
            searched = set(targets.values())
            lines = [line for line in lines if line.path not in searched]
            lines += [replace(line, path=targets[line.path]) for line in parse_lines(output.data)[0]]
    lines.sort(key=lambda line: os.fsencode(line.path).split(b"/"))
    whole = replace(
        found.output,
        stopped=any(output.stopped for output in outputs) or len(paths) > _MOST_LEGACY_FILES,
        timed_out=any(output.timed_out for output in outputs),
    )
    return _Found(whole, tuple(lines), found.binaries, decoded)


async def _search_file(parsed: GrepParameters, path: str, context: ToolContext) -> _Found:
    with context.workspace.open_read(path) as file:
        return await _search_open(parsed, path, file, context)


async def _search_open(parsed: GrepParameters, path: str, file: BinaryIO, context: ToolContext) -> _Found:
    """Search one open file."""
    with ExitStack() as stack:
        encoding = detect(file.read(_SAMPLE_BYTES), complete=False)
        if encoding is None:
            raise ToolError(f"{shown_path(path)} is binary: grep searches text only.")
        folder = context.workspace.open_folder(".")
        stack.callback(os.close, folder)
        # By its descriptor, so that it is this very file that is searched, whatever its name is by then.
        target = f"/proc/self/fd/{file.fileno()}"
        name = ripgrep_name(encoding)
        options = (f"--encoding={name}",) if name else ()
        output = await _run(parsed, options, [target], folder, (file.fileno(),), context)
    lines = tuple(replace(line, path=path) for line in parse_lines(output.data)[0])
    return _Found(output, lines, (), {path: encoding} if name else {})


async def _run(
    parsed: GrepParameters,
    options: Sequence[str],
    targets: Sequence[str],
    folder: int,
    descriptors: Sequence[int],
    context: ToolContext,
) -> Output:
    arguments = (
        *options,
        "--no-heading",
        "--with-filename",
        "--line-number",
        "--column",
        "--no-context-separator",
        f"--max-columns={_LINE_BYTES}",
        "--max-columns-preview",
        f"--context={parsed.context}",
        "--ignore-case" if parsed.ignore_case else "--case-sensitive",
        f"--regexp={across_stray_bytes(parsed.pattern)}",
        "--",
        *targets,
    )
    return await run_ripgrep(
        context.workspace.root,
        arguments,
        folder,
        records=(parsed.limit + 1) * (2 * parsed.context + 1),
        seconds=_SECONDS,
        descriptors=descriptors,
    )


def _understand(output: Output, path: str, wanted: frozenset[str] | None) -> _Found:
    """Make paths below the folder ``path`` relative to the workspace, and drop unwanted ones."""
    lines, binaries = parse_lines(output.data)
    prefix = "" if path == "." else f"{path}/"
    return _Found(
        output,
        tuple(
            replace(line, path=prefix + line.path) for line in lines if wanted is None or line.path in wanted
        ),
        tuple(prefix + name for name in binaries if wanted is None or name in wanted),
    )


def _check(parsed: GrepParameters, output: Output) -> None:
    """Raise :class:`ToolError` with one sentence if ripgrep refused the pattern or broke."""
    if not _is_refusal(output):
        return
    reasons = re.findall(r"^error: (.+)$", output.error, re.MULTILINE)
    reason = reasons[0] if reasons else output.error.removeprefix("rg: ").split("\n", 1)[0]
    if 'literal "\\n"' in reason:
        reason = "a match can't span lines, so that a newline never matches"
    raise ToolError(f"The pattern {escape(parsed.pattern)!r} does not work: {escape(reason)}.")


def _is_refusal(output: Output) -> bool:
    ended_early = output.stopped or output.timed_out
    return not ended_early and output.exit_code not in (0, 1) and bool(output.error)


def _result(parsed: GrepParameters, path: str, found: _Found, context: ToolContext) -> ToolResult:
    output = found.output
    shown = list(_within_limits(found.lines, parsed.limit))
    matches = sum(1 for line in shown if line.column)
    text: list[str] = []
    encodings: dict[str, str] = {}
    files = 0
    for name, group in groupby(shown, key=lambda line: line.path):
        lines = list(group)
        encoding = found.decoded.get(name) or _encoding(name, lines, context)
        label = "" if encoding.codec == "utf-8" else encoding.label
        if label:
            encodings[name] = label
        text.append(f"{shown_path(name)} [{label}]" if label else shown_path(name))
        text += _shown_lines(lines, UTF_8 if name in found.decoded else encoding, bool(parsed.context))
        files += 1
    if len(shown) < len(found.lines) or output.stopped:
        text.append(f"[the first {count(matches, 'match', 'matches')}: there are more, narrow it down]")
    if output.timed_out:
        text.append(f"[stopped after {_SECONDS:.0f} seconds, not everything was searched: narrow the path]")
    if found.binaries:
        names = ", ".join(map(shown_path, found.binaries[:_NAMED_BINARIES]))
        text.append(f"[binary further on, and not searched from there: {names}]")
    if (unreadable := output.unreadable).number:
        text.append(unreadable.sentence(path))
    if not matches and not output.timed_out:
        text.append(_nothing_found(parsed, path))
    data: JsonObject = {
        "matches": matches,
        "files": files,
        "complete": not (output.stopped or output.timed_out or unreadable.number),
    }
    if encodings:
        data["encodings"] = encodings
    summary = f"{count(matches, 'match', 'matches')} in {count(files, 'file')}"
    return ToolResult(True, "\n".join(text), data, summary)


def _within_limits(lines: Iterable[Line], limit: int) -> Iterator[Line]:
    matches = spent = 0
    for line in lines:
        matches += line.column > 0
        spent += len(line.text) + 10
        if matches > limit or spent > _SHOWN_BYTES:
            return
        yield line


def _encoding(path: str, lines: Sequence[Line], context: ToolContext) -> Encoding:
    """The encoding of a file with matches; more than its BOM is read only if these lines are not UTF-8."""
    try:
        b"".join(line.text for line in lines).decode()
        wanted = _BOM_BYTES
    except UnicodeDecodeError:
        wanted = _SAMPLE_BYTES
    try:
        with context.workspace.open_read(path) as file:
            return detect(file.read(wanted), complete=False) or UTF_8
    except PathError:
        return UTF_8


def _shown_lines(lines: Iterable[Line], encoding: Encoding, gaps: bool) -> Iterator[str]:
    """The lines of one file, numbered; with ``gaps`` a mark where lines between them are left out."""
    last = 0
    for line in lines:
        if gaps and last and line.number > last + 1:
            yield "--"
        last = line.number
        mark = ":" if line.column else "-"
        far = f" [match at column {line.column:,}]" if line.column > _LINE_BYTES else ""
        if ripgrep_name(encoding):
            text = line.text.decode(encoding.codec, "backslashreplace")
        else:
            text = decode_output(line.text)
        yield f"{line.number}{mark}{escape(text)}{far}"


def _nothing_found(parsed: GrepParameters, path: str) -> str:
    where = "the workspace" if path == "." else shown_path(path)
    among = f" among {shown_path(parsed.glob)}" if parsed.glob else ""
    return (
        f"No line in {where}{among} matches {escape(parsed.pattern)!r}; "
        "ignored, binary and linked files are not searched."
    )
