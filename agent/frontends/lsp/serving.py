"""Serves one editor over two pipes until it closes them or says that it goes."""

from __future__ import annotations

import asyncio
import logging
import threading
from asyncio.streams import FlowControlMixin
from collections.abc import Mapping
from typing import BinaryIO

from pygls.io_ import run_async

from seedsmith.agent.frontends.lsp.editor import Editor
from seedsmith.agent.settings.settings import Settings

_READ_AT_ONCE = 1 << 20


async def serve(
    settings: Settings, environment: Mapping[str, str], debounce: float, pipes: tuple[BinaryIO, BinaryIO]
) -> int:
    """Answer the editor's requests; returns the exit code the protocol wants when it has gone."""
    logging.getLogger("pygls").setLevel(logging.CRITICAL)  # what was said wrongly is answered
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=_READ_AT_ONCE)
    incoming, outgoing = pipes
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), incoming)
    transport, protocol = await loop.connect_write_pipe(FlowControlMixin, outgoing)
    editor = Editor(settings, environment, debounce)
    server = editor.server
    server.protocol.set_writer(asyncio.StreamWriter(transport, protocol, None, loop))
    try:
        await run_async(threading.Event(), reader, server.protocol, error_handler=server.report_server_error)
    except SystemExit as end:  # how the library answers ``exit``
        return end.code if isinstance(end.code, int) else 0
    except (asyncio.IncompleteReadError, ConnectionError, ValueError):
        return 1  # the editor died in the middle of a message
    finally:
        await editor.aclose()
        if not transport.is_closing():
            transport.abort()
    return 0
