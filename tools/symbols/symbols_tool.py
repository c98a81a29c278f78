"""The tool ``symbols``: definition, references, outline and rename, by the repository's language server."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.base import EVERYTHING, Access, ToolContext, ToolError, ToolResult
from seedsmith.tools.content.file_lookup import not_found, resolved
from seedsmith.tools.content.loading import in_thread
from seedsmith.tools.pydantic_tool import Parameters, PathText, PydanticTool, Text
from seedsmith.tools.symbols import rename
from seedsmith.tools.symbols.json_rpc import NoAnswer
from seedsmith.tools.symbols.language_server import LanguageServer
from seedsmith.tools.symbols.pool import LanguageServers
from seedsmith.tools.symbols.positions import Lines
from seedsmith.tools.text import clamp, count, shown_path

ASK_SECONDS = 45.0
"""A server that was just started may have to read the whole workspace first."""
_MOST_PLACES, _MOST_SYMBOLS, _MOST_DEPTH = 100, 300, 20
_MOST_LINE = 160
_NAME = re.compile(r"[#@~']?[\w$]+[!?']?")
"""What any language may call something; servers don't always look."""
_KINDS: tuple[str, ...] = (
    *("file", "module", "namespace", "package", "class", "method", "property", "field", "constructor"),
    *("enum", "interface", "function", "variable", "constant", "string", "number", "boolean", "array"),
    *("object", "key", "null", "member", "struct", "event", "operator", "parameter"),
)
"""What the protocol's kinds of symbols are called, from 1."""


class SymbolsParameters(Parameters):
    """Which symbol, and what of it."""

    action: Literal["definition", "references", "outline", "rename"]
    path: PathText
    name: Text = Field("", description="As in the file; Class.method for one of several.")
    line: int | None = Field(None, ge=1, description="Where it is meant; else where it is defined, or first.")
    new_name: Text = ""


@dataclass(frozen=True, slots=True)
class _Symbol:
    """One symbol of a file, as the server tells it."""

    name: str
    kind: str
    depth: int
    position: dict[str, int]


class SymbolsTool(PydanticTool[SymbolsParameters]):
    """Asks the language server; a fault of it is one failed call."""

    name = "symbols"
    description = (
        "Find where a symbol is defined or used, outline a file, or rename a symbol everywhere. Asks the "
        "language server, which knows names from each other that are only spelt alike."
    )
    parameters = SymbolsParameters

    def __init__(self, servers: LanguageServers) -> None:
        self._servers = servers

    def access(self, parsed: SymbolsParameters) -> Access:
        """A rename may change any file; the others look at all of them."""
        if parsed.action == "rename":
            return Access(frozenset({EVERYTHING}), frozenset({EVERYTHING}))
        return Access(reads=frozenset({".", parsed.path}))

    async def run(self, parsed: SymbolsParameters, context: ToolContext) -> ToolResult:
        """Do it; raises :class:`ToolError`."""
        path = resolved(context.workspace, parsed.path)
        server = self._servers.navigator(path)
        if server is None:
            served = self._servers.languages
            raise ToolError(f"No language server here serves {shown_path(path)}, only {served}: use grep.")
        if not context.workspace.exists(path):
            raise not_found(context.workspace, path)
        text = self._servers.text(path)
        if text is None:
            raise ToolError(f"{shown_path(path)} is not for a language server: it is no text, or too large.")
        self._servers.last()
        if parsed.action != "outline" and not parsed.name:
            raise ToolError(f"symbols: {parsed.action} needs a name.")
        try:
            async with asyncio.timeout(ASK_SECONDS):
                await self._servers.tell_changes(server)
                await server.show(path, text)
                return await self._answered(parsed, _Asked(server, path, text), context)
        except TimeoutError:
            raise ToolError(_unanswered(server, f"gave no answer within {ASK_SECONDS:g} seconds")) from None
        except NoAnswer as error:
            raise ToolError(_unanswered(server, f"gave no answer: {str(error).rstrip('.')}")) from None

    async def _answered(self, parsed: SymbolsParameters, asked: _Asked, context: ToolContext) -> ToolResult:
        if parsed.action == "outline":
            return _outlined(asked.path, await asked.symbols())
        place = await asked.place(parsed.name, parsed.line)
        if parsed.action == "rename":
            return await self._renamed(parsed, asked, place, context)
        more = {"context": {"includeDeclaration": True}} if parsed.action == "references" else {}
        answer = await asked.ask(f"textDocument/{parsed.action}", {**place, **more})
        return self._places(parsed, asked.server, answer)

    def _places(self, parsed: SymbolsParameters, server: LanguageServer, answer: Any) -> ToolResult:
        """The places in an answer, each with its line."""
        found: list[tuple[str, int, int]] = []
        for each in answer if isinstance(answer, list) else [answer]:
            try:
                where = each.get("range") or each["targetSelectionRange"]
                path = server.path(each.get("uri") or each["targetUri"])
                line, column = int(where["start"]["line"]), int(where["start"]["character"])
            except (AttributeError, KeyError, TypeError, ValueError):
                continue
            if path is not None:
                found.append((path, line, column))
        found = sorted(set(found))
        if not found:
            said = f"The language server knows no {parsed.action} of {parsed.name} there.{_complaint(server)}"
            return ToolResult(False, said)
        contents: dict[str, Lines] = {}
        lines = []
        for path, line, column in found[:_MOST_PLACES]:
            if path not in contents:
                text = None if path.startswith("/") else self._servers.text(path)
                contents[path] = Lines(text or "", server.encoding)
            source = clamp(contents[path].line(line).strip(), _MOST_LINE)
            where = f"{shown_path(path)}:{line + 1}:{column + 1}"
            lines.append(f"{where}: {source}" if source else where)
        if len(found) > _MOST_PLACES:
            lines.append(f"[{count(len(found) - _MOST_PLACES, 'more place')}]")
        files = count(len({path for path, _, _ in found}), "file")
        return ToolResult(
            True,
            "\n".join(lines),
            {"places": len(found)},
            f"{count(len(found), 'place')} of {parsed.name} in {files}",
        )

    async def _renamed(
        self, parsed: SymbolsParameters, asked: _Asked, place: dict[str, Any], context: ToolContext
    ) -> ToolResult:
        if not parsed.new_name:
            raise ToolError("symbols: rename needs a new_name.")
        if not _NAME.fullmatch(parsed.new_name):
            raise ToolError(f"symbols: {parsed.new_name!r:.80} is no name; nothing was changed.")
        old = parsed.name.rpartition(".")[2]
        wanted = {**place, "newName": parsed.new_name}
        edits = await asked.edits(wanted)
        hidden = (path for path in edits if path not in asked.server.shown)
        unlike = [path for path in hidden if not self._servers.is_plain(path)]
        for path in unlike:
            if (text := self._servers.text(path)) is not None:
                await asked.server.show(path, text)
        if unlike:
            edits = await asked.edits(wanted)
        files = await in_thread(lambda: rename.planned(edits, old, asked.server.encoding, context))
        if not files:
            raise ToolError(f"The server found nothing to rename; {old} may not be a symbol there.")
        await in_thread(lambda: rename.write(files, context))
        lines = [
            f"{shown_path(each.file.path)}: line {', '.join(map(str, each.lines[:_MOST_PLACES]))}"
            for each in files
        ]
        what = f"renamed {old} to {parsed.new_name} in {count(len(files), 'file')}"
        note = "[Strings, comments, documentation and configuration are as they were.]"
        data = {"files": [each.file.path for each in files]}
        return ToolResult(True, "\n".join([what, *lines, note]), data, what)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A server, and the file it is asked about."""

    server: LanguageServer
    path: str
    text: str

    async def ask(self, method: str, params: dict[str, Any]) -> Any:
        """What the server answers once it has read the workspace, which it may begin to with the question."""
        await self.server.settled()
        answer = await self.server.ask(method, params)
        if not answer and self.server.works:
            await self.server.settled()
            answer = await self.server.ask(method, params)
        return answer

    async def edits(self, wanted: dict[str, Any]) -> dict[str, list[Any]]:
        """The server's edits for a rename, by path; raises :class:`ToolError` for those outside."""
        found: dict[str, list[Any]] = {}
        for uri, each in rename.edits_of(await self.ask("textDocument/rename", wanted)):
            path = self.server.path(uri)
            if path is None or path.startswith("/"):
                raise ToolError("The symbol is also used outside the workspace; nothing was changed.")
            found.setdefault(path, []).extend(each)
        return found

    async def symbols(self) -> list[_Symbol]:
        """The symbols of the file, in its order."""
        document = {"textDocument": {"uri": self.server.uri(self.path)}}
        answer = await self.ask("textDocument/documentSymbol", document)
        return list(_symbols(answer, "", 0))

    async def place(self, name: str, line: int | None) -> dict[str, Any]:
        """The protocol's place of the symbol: in ``line``, else where it is defined, else where it is first.

        Raises :class:`ToolError` where the name isn't there.
        """
        lines = Lines(self.text, self.server.encoding)
        last = name.rpartition(".")[2]
        position = None
        if line is None:
            defined = [each for each in await self.symbols() if f".{each.name}".endswith(f".{name}")]
            position = defined[0].position if defined else None
        if position is None:
            offset = lines.find(last, None if line is None else line - 1)
            if offset is None:
                where = f"line {line} of " if line is not None else ""
                raise ToolError(f"{last} is not in {where}{shown_path(self.path)}.")
            position = lines.position(offset)
        return {"textDocument": {"uri": self.server.uri(self.path)}, "position": position}


def _symbols(answer: Any, above: str, depth: int) -> Iterator[_Symbol]:
    """The symbols in an answer, nested or flat; what is none is left out."""
    for each in answer if isinstance(answer, list) and depth < _MOST_DEPTH else ():
        try:
            where = each.get("selectionRange") or each.get("range") or each["location"]["range"]
            start = where["start"]
            position = {"line": int(start["line"]), "character": int(start["character"])}
            name, kind = str(each["name"]), int(each.get("kind", 13))
            inside = str(each.get("containerName") or "") if "location" in each else above
        except (AttributeError, KeyError, TypeError, ValueError):
            continue
        whole = f"{inside}.{name}" if inside else name
        named = _KINDS[kind - 1] if 0 < kind <= len(_KINDS) else "symbol"
        yield _Symbol(whole, named, depth, position)
        yield from _symbols(each.get("children"), whole, depth + 1)


def _outlined(path: str, symbols: list[_Symbol]) -> ToolResult:
    lines = [
        f"{each.position['line'] + 1}: {'  ' * each.depth}{each.kind} {each.name.rpartition('.')[2]}"
        for each in symbols[:_MOST_SYMBOLS]
    ]
    if len(symbols) > _MOST_SYMBOLS:
        lines.append(f"[{count(len(symbols) - _MOST_SYMBOLS, 'more symbol')}]")
    found = count(len(symbols), "symbol")
    text = "\n".join(lines) or "The language server knows no symbols there."
    return ToolResult(True, text, {"symbols": len(symbols)}, f"{found} in {shown_path(path)}")


def _unanswered(server: LanguageServer, why: str) -> str:
    return f"The language server {server.server.name} {why}.{_complaint(server)} Use grep and read instead."


def _complaint(server: LanguageServer) -> str:
    return f" It complains: {server.complaint.rstrip('.')}." if server.complaint else ""
