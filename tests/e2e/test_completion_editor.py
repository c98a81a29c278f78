"""``seedsmith lsp``, driven by the library's own client over pipes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from examples import first_fast
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.client import LanguageClient
from scripted_endpoint import Answer, error, text
from waiting import until

SEEDSMITH = str(Path(sys.executable).with_name("seedsmith"))
INLINE = types.ClientCapabilities(
    text_document=types.TextDocumentClientCapabilities(
        inline_completion=types.InlineCompletionClientCapabilities()
    )
)


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "b.py").write_text("def helper(a, b):\n    return a\n")
    return folder


class Editor:
    """One client, one open file."""

    def __init__(self, client, uri):
        self.client, self.uri, self.version, self.messages = client, uri, 1, []
        client.feature(types.WINDOW_SHOW_MESSAGE)(lambda told: self.messages.append(told.message))

    def open(self, source):
        document = types.TextDocumentItem(self.uri, "python", self.version, source)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(document))

    def type(self, line, column, typed):
        self.version += 1
        here = types.Position(line, column)
        change = types.TextDocumentContentChangePartial(types.Range(here, here), typed)
        document = types.VersionedTextDocumentIdentifier(self.version, self.uri)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(document, [change]))

    def ask(self, line, column, kind=types.InlineCompletionTriggerKind.Automatic):
        return self.client.text_document_inline_completion_async(
            types.InlineCompletionParams(
                types.InlineCompletionContext(kind),
                types.TextDocumentIdentifier(self.uri),
                types.Position(line, column),
            )
        )

    async def offered(self, line, column):
        found = await self.ask(line, column)
        return None if found is None else [item.insert_text for item in found.items]


@asynccontextmanager
async def editing(environment, repository, *flags, capabilities=INLINE):
    client = LanguageClient("an-editor", "1")
    await client.start_io(SEEDSMITH, "lsp", "--debounce", "0", *flags, env=environment, cwd="/")
    editor = Editor(client, (repository / "a.py").as_uri())
    parameters = types.InitializeParams(capabilities, root_uri=repository.as_uri())
    told = await client.initialize_async(parameters)
    assert told.capabilities.inline_completion_provider
    client.initialized(types.InitializedParams())
    yield editor
    await client.shutdown_async(None)
    client.exit(None)
    process = client._server
    assert (await process.wait(), await process.stderr.read()) == (0, b"")
    await client.stop()


@pytest.mark.slow
async def test_inline_completion_follows_what_is_typed(environment, repository, endpoint):
    endpoint.script(text("<COMPLETION>helper(1, 2)</COMPLETION>"))
    async with editing(environment, repository) as editor:
        editor.open("from b import helper\ns = '🦀'; x = \n")
        assert await editor.offered(1, 14) == ["helper(1, 2)"]
        editor.type(1, 14, "hel")
        assert await editor.offered(1, 17) == ["per(1, 2)"]
        assert len(endpoint.requests) == 1
        asked = endpoint.requests[0].body["messages"][-1]["content"]
        assert "def helper(a, b): ..." in asked and "s = '🦀'; x = \n</before_cursor>" in asked


@pytest.mark.slow
async def test_a_stale_request_is_answered_with_nothing_and_a_cancelled_one_ends(
    environment, repository, endpoint
):
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()
    endpoint.on_request = lambda _: loop.call_soon_threadsafe(begun.set)
    never = Answer(text="never", stall_after=0)
    endpoint.script(never, text("2"), never)
    async with editing(environment, repository) as editor:
        editor.open("x = \ny = \nz = \n")
        stale = asyncio.ensure_future(editor.ask(0, 4))
        await begun.wait()
        assert await editor.offered(1, 4) == ["2"]
        assert await stale is None
        cancelled = asyncio.ensure_future(editor.ask(2, 4))
        await until(lambda: len(endpoint.requests) == 3, lambda: "the third request")
        (number,) = editor.client.protocol._request_futures
        editor.client.cancel_request(types.CancelParams(number))
        with pytest.raises(JsonRpcException):
            await cancelled
        endpoint.release()


@pytest.mark.slow  # a process of its own, as the next
async def test_an_editor_without_inline_completion_gets_an_item(environment, repository, endpoint):
    endpoint.script(text("<COMPLETION>per(1, 2)</COMPLETION>"))
    async with editing(environment, repository, capabilities=types.ClientCapabilities()) as editor:
        editor.open("from b import helper\nx = hel\n")
        found = await editor.client.text_document_completion_async(
            types.CompletionParams(types.TextDocumentIdentifier(editor.uri), types.Position(1, 7))
        )
        (item,) = found.items
        assert item.text_edit.new_text == item.filter_text == item.label == "helper(1, 2)"
        assert item.text_edit.range == types.Range(types.Position(1, 4), types.Position(1, 7))


@pytest.mark.slow
async def test_what_is_wrong_is_shown_once_and_the_next_request_is_answered(
    environment, repository, endpoint
):
    refused = error(401, "AuthenticationError")
    endpoint.script(refused, refused, text("3"))
    async with editing(environment, repository) as editor:
        editor.open("x = \ny = \nz = \n")
        assert await editor.offered(0, 4) is None and await editor.offered(1, 4) is None
        assert await editor.offered(2, 4) == ["3"]
        assert len(editor.messages) == 1


@pytest.mark.slow
async def test_without_a_model_the_editor_is_told(environment, repository):
    for name in ("SEEDSMITH_MODEL", "SEEDSMITH_API_KEY", "SEEDSMITH_BASE_URL"):
        del environment[name]
    async with editing(environment, repository) as editor:
        editor.open("x = \n")
        assert await editor.offered(0, 4) is None
        assert "No model is configured" in editor.messages[0]


def start(environment, **options):
    return subprocess.run((SEEDSMITH, "lsp"), capture_output=True, env=environment, timeout=60, **options)


@pytest.mark.slow
@pytest.mark.parametrize(
    "said", first_fast(1, [b"Content-Length: 9\r\n\r\nno", b"hello\r\n\r\nContent-Length: 2\r\n\r\n{}"])
)
def test_what_is_no_editor_ends_it(environment, said):
    done = start(environment, input=said)
    assert b"Traceback" not in done.stderr and done.returncode in (0, 1)


@pytest.mark.slow
def test_a_file_is_no_editor(environment, tmp_path):
    (tmp_path / "said").write_bytes(b"")
    with (tmp_path / "said").open() as said:
        done = subprocess.run(
            (SEEDSMITH, "lsp"), stdin=said, capture_output=True, env=environment, timeout=60
        )
    assert done.returncode == 2 and b"over pipes" in done.stderr
