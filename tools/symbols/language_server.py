"""One language server of a session: started, told of files, asked; what goes wrong with it is no answer."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

from seedsmith.sandbox.errors import SandboxError
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.base import ToolContext
from seedsmith.tools.symbols.diagnostics import Answer, findings_of
from seedsmith.tools.symbols.json_rpc import NoAnswer, Peer
from seedsmith.tools.symbols.servers import Server
from seedsmith.tools.text import clamp

START_SECONDS = 30.0
MOST_STARTS = 3
"""One that ended so often is not started again."""
_SETTLE_SECONDS = 0.25
"""Findings without a version may come in parts; after so long without another they are whole."""
_SILENT_SECONDS = 1.0
"""So long after a change a server that is silent of clean files would have said more."""
_RETRY_SECONDS = 0.05
_MOST_WAITS = 100
CREATED, CHANGED, DELETED = 1, 2, 3
"""What happened to a file, as the protocol numbers it."""
_ERROR_MESSAGE = 1
"""How the protocol numbers a message that is an error."""
_MOST_COMPLAINT = 600
MOST_SHOWN = 40
"""So many files are kept open with a server."""
_CONTENT_MODIFIED, _SERVER_CANCELLED = -32801, -32802
CAPABILITIES: dict[str, Any] = {
    "general": {"positionEncodings": ["utf-32", "utf-16"]},
    "textDocument": {
        "synchronization": {"didSave": True},
        "diagnostic": {},
        "publishDiagnostics": {"versionSupport": True, "tagSupport": {"valueSet": [1, 2]}},
        "definition": {"linkSupport": False},
        "references": {},
        "rename": {},
        "documentSymbol": {"hierarchicalDocumentSymbolSupport": True},
    },
    "window": {"workDoneProgress": True},
    "workspace": {
        "configuration": True,
        "workspaceFolders": True,
        "workspaceEdit": {"documentChanges": True},
        "didChangeWatchedFiles": {"dynamicRegistration": True},
    },
}


@dataclass(slots=True)
class _Document:
    """A file as the server was told of it."""

    version: int
    text: str


@dataclass(slots=True)
class _Published:
    """The findings that came unasked for one file: of which version, and when."""

    items: Any
    version: int | None
    came: float


class LanguageServer:
    """Whoever makes it awaits :meth:`close`; after that it is started anew where it is used again."""

    def __init__(self, server: Server, context: ToolContext) -> None:
        self.server = server
        self._context = context
        self._root = context.workspace.root
        self._peer: Peer | None = None
        self._starting: asyncio.Task[Peer] | None = None
        self._starts = 0
        self._capabilities: dict[str, Any] = {}
        self._documents: dict[str, _Document] = {}
        self._published: dict[str, _Published] = {}
        self._working: set[str] = set()
        self._worked = 0.0
        """When it last said that it is at something, or answered."""
        self.complaint = ""
        """What it last showed as an error."""
        self._news = asyncio.Event()
        self._showed = 0.0
        self._one_at_a_time = asyncio.Lock()

    def go_on(self, context: ToolContext) -> None:
        """Work with the next run's ``context``; one that runs goes on."""
        self._context = context
        self._root = context.workspace.root

    @property
    def encoding(self) -> str:
        """What columns count: ``utf-32``, characters, or ``utf-16``."""
        named = self._capabilities.get("positionEncoding")
        return named if named in ("utf-8", "utf-32") else "utf-16"

    @property
    def shown(self) -> list[str]:
        """The files it was shown, the latest last."""
        return list(self._documents)

    def can(self, what: str) -> bool:
        """Whether it said that it is a provider of ``what``."""
        return bool(self._capabilities.get(what))

    def uri(self, path: str) -> str:
        """What the protocol calls the workspace's file ``path``."""
        return (self._root / path).as_uri()

    def path(self, uri: Any) -> str | None:
        """The path in the workspace, or the whole path outside of it; None for what is no file."""
        parts = urlsplit(uri) if isinstance(uri, str) else None
        if parts is None or parts.scheme != "file":
            return None
        whole, root = unquote(parts.path, errors="surrogateescape"), str(self._root).rstrip("/") + "/"
        return whole.removeprefix(root)

    async def start(self) -> None:
        """Have it running; raises :class:`NoAnswer`. Cancelling leaves it starting."""
        if self._peer is not None and not self._peer.gone:
            return
        if self._starting is None or self._starting.done():
            if self._starts >= MOST_STARTS:
                raise NoAnswer("it ended too often")
            self._starts += 1
            await self._end()
            self._starting = asyncio.ensure_future(self._started())
        starting = self._starting
        await asyncio.wait({starting})
        if starting.cancelled():
            raise NoAnswer("it was not started")
        self._peer = starting.result()

    async def show(self, path: str, text: str) -> None:
        """Let the server know what ``path`` holds now; raises :class:`NoAnswer`."""
        await self.start()
        assert self._peer is not None
        known = self._documents.pop(path, None)
        if known is None or known.text != text:
            self._showed = time.monotonic()
        if known is None:
            for oldest in self.shown[: -MOST_SHOWN + 1]:
                self._close(oldest)
            language = self.server.language(path) or ""
            self._documents[path] = _Document(1, text)
            item = {"uri": self.uri(path), "languageId": language, "version": 1, "text": text}
            self._peer.notify("textDocument/didOpen", {"textDocument": item})
            return
        self._documents[path] = known
        if known.text == text:
            return
        known.version, known.text = known.version + 1, text
        named = {"uri": self.uri(path), "version": known.version}
        self._published.pop(path, None)
        self._peer.notify(
            "textDocument/didChange", {"textDocument": named, "contentChanges": [{"text": text}]}
        )
        self._peer.notify("textDocument/didSave", {"textDocument": {"uri": named["uri"]}})

    def forget(self, path: str) -> None:
        """Let a running server know that ``path`` was taken away."""
        if self._close(path):
            self.changed([path], DELETED)

    def _close(self, path: str) -> bool:
        self._published.pop(path, None)
        if self._documents.pop(path, None) is None or self._peer is None:
            return False
        self._peer.notify("textDocument/didClose", {"textDocument": {"uri": self.uri(path)}})
        return True

    def changed(self, paths: list[str], how: int = CHANGED) -> None:
        """Tell a running server that these files are :data:`CREATED`, :data:`CHANGED` or :data:`DELETED`."""
        if self._peer is not None and paths:
            changes = [{"uri": self.uri(path), "type": how} for path in paths]
            self._peer.notify("workspace/didChangeWatchedFiles", {"changes": changes})

    async def ask(self, method: str, params: Any) -> Any:
        """What it answers, asked again where it was busy with a change; raises :class:`NoAnswer`."""
        await self.start()
        assert self._peer is not None
        for _ in range(_MOST_WAITS):
            try:
                return await self._peer.request(method, params)
            except NoAnswer as error:
                if error.code not in (_CONTENT_MODIFIED, _SERVER_CANCELLED):
                    raise
            await asyncio.sleep(_RETRY_SECONDS)
            await self.settled()
        raise NoAnswer("it is busy")

    async def findings(self, path: str, text: str) -> Answer:
        """What it finds in ``path``, which holds ``text``; raises :class:`NoAnswer`.

        Waits as long as the server takes: no answer is not that nothing was found.
        """
        async with self._one_at_a_time:
            return await self._findings(path, text)

    async def _findings(self, path: str, text: str) -> Answer:
        await self.show(path, text)
        version = self._documents[path].version
        gravest = self.server.known.gravest
        if self.can("diagnosticProvider"):
            answer = await self.ask("textDocument/diagnostic", {"textDocument": {"uri": self.uri(path)}})
            items = answer.get("items") if isinstance(answer, dict) else None
        else:
            items = await (
                self._settled_on(path) if self.server.known.silent else self._pushed(path, version)
            )
        if not isinstance(items, list):
            raise NoAnswer("its answer is none")
        return Answer(text, findings_of(items, gravest))

    @property
    def works(self) -> bool:
        """Whether it says that it is at something, as reading the whole workspace."""
        return bool(self._working)

    async def settled(self) -> None:
        """Wait until it has done what it says it is at."""
        while self._working and self._peer is not None and not self._peer.gone:
            self._news.clear()
            await self._news.wait()

    async def close(self) -> None:
        """End it."""
        starting, self._starting = self._starting, None
        if starting is not None and not starting.done():
            starting.cancel()
            await asyncio.wait({starting})
        self._starts = 0
        await self._end()

    async def _end(self) -> None:
        peer, self._peer = self._peer, None
        self._documents.clear()
        self._working.clear()
        self._published.clear()
        if peer is not None:
            await peer.close()

    async def _pushed(self, path: str, version: int) -> Any:
        """The findings that come unasked for this version or, without one, that come no more."""
        while True:
            if self._peer is None or self._peer.gone:
                raise NoAnswer("it has ended")
            self._news.clear()
            found = self._published.get(path)
            wait = 1.0
            if found is not None and found.version is not None and found.version >= version:
                return found.items
            if found is not None and found.version is None:
                wait = found.came + _SETTLE_SECONDS - time.monotonic()
                if wait <= 0:
                    return found.items
            await self._news_within(wait)

    async def _settled_on(self, path: str) -> Any:
        """The findings of a server that tells them in parts, and nothing of what is clean, once it rests.

        It may rest before it begins, so it is asked something that it answers once it has read the file.
        """
        if self.can("documentSymbolProvider"):
            with contextlib.suppress(NoAnswer):
                await self.ask("textDocument/documentSymbol", {"textDocument": {"uri": self.uri(path)}})
            self._worked = time.monotonic()
        while True:
            if self._peer is None or self._peer.gone:
                raise NoAnswer("it has ended")
            self._news.clear()
            found = self._published.get(path)
            last = max(self._showed, self._worked, found.came if found is not None else 0.0)
            wait = last + (_SILENT_SECONDS if found is None else _SETTLE_SECONDS) - time.monotonic()
            if wait <= 0 and not self._working:
                return [] if found is None else found.items
            await self._news_within(1.0 if self._working else wait)

    async def _news_within(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()

    async def _started(self) -> Peer:
        known, base = self.server.known, self._context.processes
        runner = base.with_policy(replace(base.policy, only_reads=True), base.environment)
        try:
            talk = runner.converse(self.server.argv, env=known.environment)
        except SandboxError as error:
            raise NoAnswer(str(error)) from None
        peer = Peer(talk, self._handlers())
        try:
            async with asyncio.timeout(START_SECONDS):
                answer = await peer.request("initialize", self._introduction())
            capabilities = answer.get("capabilities") if isinstance(answer, dict) else None
            self._capabilities = capabilities if isinstance(capabilities, dict) else {}
            peer.notify("initialized", {})
            return peer
        except TimeoutError:
            await peer.close()
            raise NoAnswer("it was not ready in time") from None
        except BaseException:
            await peer.close()
            raise

    def _introduction(self) -> dict[str, Any]:
        root = self._root.as_uri()
        return {
            "processId": None,
            "clientInfo": {"name": "seedsmith"},
            "rootUri": root,
            "rootPath": str(self._root),
            "workspaceFolders": [{"uri": root, "name": self._root.name}],
            "capabilities": CAPABILITIES,
            "initializationOptions": self.server.known.options,
        }

    def _handlers(self) -> dict[str, Any]:
        """What answers the server: it may change nothing, and has no settings but the repository's own."""

        def nothing(params: Any) -> None:
            return None

        quiet = (
            "client/registerCapability",
            "client/unregisterCapability",
            "window/workDoneProgress/create",
            "window/showMessageRequest",
            "workspace/diagnostic/refresh",
            "workspace/semanticTokens/refresh",
            "workspace/inlayHint/refresh",
            "workspace/codeLens/refresh",
        )
        root = self._root.as_uri()
        return {
            **dict.fromkeys(quiet, nothing),
            "workspace/configuration": lambda params: [None for _ in params["items"]],
            "workspace/workspaceFolders": lambda params: [{"uri": root, "name": self._root.name}],
            "workspace/applyEdit": lambda params: {"applied": False},
            "textDocument/publishDiagnostics": self._hear,
            "$/progress": self._progress,
            "window/showMessage": self._shown_message,
        }

    def _hear(self, params: Any) -> None:
        path = self.path(params["uri"])
        if path not in self._documents:
            return
        version = params.get("version")
        version = version if isinstance(version, int) else None
        if version is not None and version < self._documents[path].version:
            return
        self._published[path] = _Published(params["diagnostics"], version, time.monotonic())
        self._news.set()

    def _shown_message(self, params: Any) -> None:
        if params["type"] == _ERROR_MESSAGE:
            self.complaint = clamp(" ".join(str(params["message"]).split()), _MOST_COMPLAINT)

    def _progress(self, params: Any) -> None:
        token, kind = str(params["token"]), params["value"].get("kind")
        self._worked = time.monotonic()
        if kind == "begin":
            self._working.add(token)
        elif kind == "end":
            self._working.discard(token)
            self._news.set()
