"""What an editor asks for: inline completion, or plain completion where it knows no inline one."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping
from pathlib import Path

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path
from pygls.workspace import TextDocument

from seedsmith.agent.errors import AgentError
from seedsmith.agent.frontends.completion.hole import Hole
from seedsmith.agent.frontends.completion.hourly_budget import HourSpent
from seedsmith.agent.frontends.completion.open_completer import Opened, open_completer
from seedsmith.agent.frontends.line_wrapping import as_told
from seedsmith.agent.models.errors import ModelError
from seedsmith.agent.settings.settings import Settings
from seedsmith.agent.version import VERSION
from seedsmith.sandbox.errors import SandboxError

_MOST_OPENED = 16
_MOST_CHARACTERS = 200_000
"""Of a larger open file nothing is told elsewhere."""
_WORD = re.compile(r"\w*\Z")


class Editor:
    """One editor's server; the model is opened with the first request for a completion."""

    def __init__(self, settings: Settings, environment: Mapping[str, str], debounce: float) -> None:
        """``debounce``: seconds without a further request before the model is asked."""
        self._settings, self._environment, self._debounce = settings, environment, debounce
        self._opened: Opened | None = None
        self._newest = 0
        self._shown_sentences: set[str] = set()
        self.server = LanguageServer("seedsmith", VERSION)
        self._register()

    def _register(self) -> None:
        """Offer what there is, as functions: the library sets attributes of them."""
        feature = self.server.feature

        @feature(types.INITIALIZED)
        async def _(params: types.InitializedParams) -> None:
            await self._initialized(params)

        @feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, types.InlineCompletionOptions())
        async def _(params: types.InlineCompletionParams) -> types.InlineCompletionList | None:
            return await self._inline(params)

        @feature(types.TEXT_DOCUMENT_COMPLETION)
        async def _(params: types.CompletionParams) -> types.CompletionList | None:
            return await self._plain(params)

    async def aclose(self) -> None:
        """End what is under way, and the model."""
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.aclose()

    async def _initialized(self, _: types.InitializedParams) -> None:
        """Load the model while the editor opens its first file."""
        if (opened := self._open()) is not None:
            opened.model.prepare()

    async def _inline(self, asked: types.InlineCompletionParams) -> types.InlineCompletionList | None:
        automatic = asked.context.trigger_kind == types.InlineCompletionTriggerKind.Automatic
        text = await self._complete(asked.text_document.uri, asked.position, automatic)
        if not text:
            return None
        here = types.Range(asked.position, asked.position)
        return types.InlineCompletionList([types.InlineCompletionItem(text, range=here)])

    async def _plain(self, asked: types.CompletionParams) -> types.CompletionList | None:
        """One item; none where the editor can show the same inline."""
        known = self.server.client_capabilities.text_document
        if known is not None and known.inline_completion is not None:
            return None
        kind = asked.context.trigger_kind if asked.context else types.CompletionTriggerKind.Invoked
        automatic = kind != types.CompletionTriggerKind.Invoked
        text = await self._complete(asked.text_document.uri, asked.position, automatic)
        if not text:
            return None
        document = self.server.workspace.get_text_document(asked.text_document.uri)
        offset = document.offset_at_position(asked.position)
        match = _WORD.search(document.source[:offset])
        word = match[0] if match else ""  # what the editor compares an item with
        begin = types.Position(asked.position.line, asked.position.character - _units(document, word))
        item = types.CompletionItem(
            label=(word + text).partition("\n")[0].strip(),
            kind=types.CompletionItemKind.Snippet,
            detail="seedsmith",
            documentation=word + text,
            filter_text=word + text,
            text_edit=types.TextEdit(types.Range(begin, asked.position), word + text),
        )
        return types.CompletionList(is_incomplete=True, items=[item])

    async def _complete(self, uri: str, position: types.Position, automatic: bool) -> str | None:
        """What goes at ``position``; None where nothing does, or a later request has come meanwhile."""
        self._newest = number = self._newest + 1
        opened = self._open()
        if opened is None:
            return None
        document = self.server.workspace.get_text_document(uri)
        hole = Hole(self._path(document), document.source, document.offset_at_position(position))
        if automatic and opened.completer.known(hole) is None:
            await asyncio.sleep(self._debounce)
            if number != self._newest:
                return None
        try:
            found = await opened.completer.complete(hole, self._others(uri))
        except (ModelError, HourSpent) as error:
            self._tell(str(error))
            return None
        return found.text if found is not None else None

    def _open(self) -> Opened | None:
        """The completer in the folder that the editor named; None where there can't be one, which is told."""
        if self._opened is None:
            root = self._root()
            settings = self._settings
            if root is not None and "workspace" not in settings.given:
                settings = settings.model_copy(update={"workspace": root}).typed(settings.given)
            try:
                self._opened = open_completer(settings, self._environment)
            except (AgentError, ModelError, SandboxError) as error:
                self._tell(str(error))
        return self._opened

    def _root(self) -> Path | None:
        """The folder that the editor named."""
        workspace = self.server.workspace
        folders = [to_fs_path(uri) for uri in workspace.folders]
        named = workspace.root_path or next((each for each in folders if each), None)
        return Path(named) if named else None

    def _path(self, document: TextDocument) -> str:
        """The document's path in the workspace, or its name alone where it lies elsewhere."""
        assert self._opened is not None
        relative = os.path.relpath(document.path, self._opened.workspace.root)
        return Path(document.path).name if relative.startswith("..") else relative

    def _others(self, uri: str) -> dict[str, str]:
        """The texts of the other open files, the newest first, by their paths."""
        opened = [each for each in self.server.workspace.text_documents.values() if each.uri != uri]
        return {
            self._path(each): each.source
            for each in reversed(opened[-_MOST_OPENED:])
            if to_fs_path(each.uri) and len(each.source) <= _MOST_CHARACTERS
        }

    def _tell(self, sentence: str) -> None:
        """Show what is wrong, once."""
        if sentence not in self._shown_sentences:
            self._shown_sentences.add(sentence)
            self.server.window_show_message(
                types.ShowMessageParams(types.MessageType.Warning, as_told(sentence))
            )


def _units(document: TextDocument, text: str) -> int:
    """How long ``text`` is as the editor counts."""
    units: int = document.position_codec.client_num_units(text)
    return units
