"""An editor at the other end of real pipes: the library's own client, with a person who answers."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import acp
import pytest
from acp.schema import (
    AllowedOutcome,
    ClientCapabilities,
    DeniedOutcome,
    ReadTextFileResponse,
    RequestPermissionResponse,
)
from waiting import until

from seedsmith.agent.frontends.acp.serving import serve


class Editor:
    """Keeps what it is told, and answers what it is asked as the test says."""

    def __init__(self) -> None:
        self.updates: list[tuple[str, Any]] = []
        self.asked: list[Any] = []
        self.options: list[Any] = []
        self.answers: list[str] = []
        """An option for each question to come; none left: the question is put away."""
        self.buffers: dict[str, str] = {}
        self.form: dict[str, Any] | None = None
        self.agent: Any = None
        self.told: Callable[[Any], None] = lambda update: None

    async def session_update(self, session_id: str, update: Any, **_: Any) -> None:
        self.updates.append((session_id, update))
        self.told(update)

    async def request_permission(self, session_id: str, tool_call: Any, options: Any, **_: Any) -> Any:
        self.asked.append(tool_call)
        self.options.append(options)
        if not self.answers:
            return RequestPermissionResponse(outcome=DeniedOutcome(outcome="cancelled"))
        chosen = self.answers.pop(0)
        return RequestPermissionResponse(outcome=AllowedOutcome(outcome="selected", option_id=chosen))

    async def read_text_file(self, session_id: str, path: str, **_: Any) -> ReadTextFileResponse:
        if path not in self.buffers:
            raise acp.RequestError.resource_not_found(path)
        return ReadTextFileResponse(content=self.buffers[path])

    async def create_elicitation(self, message: str, mode: Any, **_: Any) -> Any:
        self.asked.append((message, mode))
        if self.form is None:
            return acp.schema.CancelElicitationResponse(action="cancel")
        return acp.schema.AcceptElicitationResponse(action="accept", content=self.form)

    def of(self, *kinds: str) -> list[Any]:
        """The updates of these kinds."""
        return [update for _, update in self.updates if update.session_update in kinds]

    def said(self) -> str:
        return "".join(update.content.text for update in self.of("agent_message_chunk"))

    async def begins(self, folder: Path) -> str:
        """A new session's id."""
        return (await self.agent.new_session(cwd=str(folder), mcp_servers=[])).session_id

    async def says(self, session: str, *blocks: Any) -> Any:
        """The answer to a prompt of texts or other blocks."""
        prompt = [acp.text_block(each) if isinstance(each, str) else each for each in blocks]
        return await self.agent.prompt(session_id=session, prompt=prompt)

    async def sees(self, holds: Callable[[], Any]) -> None:
        """Return once ``holds`` does."""
        await until(holds, lambda: f"updates: {self.updates}")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "a.txt").write_text("one\n")
    return folder


@pytest.fixture
def environment(tmp_path: Path, endpoint) -> dict[str, str]:
    (tmp_path / "home").mkdir()
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path / "home"),
        "XDG_CONFIG_HOME": str(tmp_path / "home/.config"),
        "SEEDSMITH_HOME": str(tmp_path / "state"),
        "SEEDSMITH_MODEL": "openai/scripted",
        "SEEDSMITH_BASE_URL": endpoint.base_url,
        "SEEDSMITH_API_KEY": "a-key-for-tests",
    }


class Pipes:
    """Two pipes, with the agent at their other ends."""

    def __init__(self, environment: dict[str, str], flags: dict[str, Any]) -> None:
        from_editor, self._outgoing = os.pipe()
        self._incoming, to_editor = os.pipe()
        incoming, outgoing = os.fdopen(from_editor, "rb", 0), os.fdopen(to_editor, "wb", 0)
        self.serving = asyncio.ensure_future(serve(flags, environment, incoming, outgoing))

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self.reader = asyncio.StreamReader(limit=1 << 26)
        protocol = asyncio.StreamReaderProtocol(self.reader)
        self._read_end, _ = await loop.connect_read_pipe(lambda: protocol, os.fdopen(self._incoming, "rb", 0))
        transport, flow = await loop.connect_write_pipe(
            asyncio.streams.FlowControlMixin, os.fdopen(self._outgoing, "wb", 0)
        )
        self.writer = asyncio.StreamWriter(transport, flow, None, loop)

    def stop_reading(self) -> None:
        """Leave what the agent writes in its pipe."""
        self._read_end.pause_reading()

    async def cut(self) -> None:
        """Go, as an editor that is closed does; returns when the agent has ended."""
        self.writer.close()
        await asyncio.wait_for(self.serving, 60)

    def close(self) -> None:
        """Let go of the last end."""
        self._read_end.close()


@pytest.fixture
def pipes(environment, monkeypatch):
    """Opens pipes to an agent that goes by ``flags``; a context."""
    # However busy the machine is, the editor is waited for.
    monkeypatch.setattr("seedsmith.agent.frontends.acp.editor._PATIENCE_SECONDS", 60.0)

    @asynccontextmanager
    async def opened(**flags: Any) -> AsyncIterator[Pipes]:
        both = Pipes(environment, flags)
        await both.open()
        try:
            yield both
        finally:
            await both.cut()
            both.close()

    return opened


@pytest.fixture
def connect(pipes):
    """An editor that can do ``can``, connected; a context."""

    @asynccontextmanager
    async def connected(can: dict[str, Any] | None = None, **flags: Any) -> AsyncIterator[Editor]:
        async with pipes(**flags) as both:
            editor = Editor()
            editor.agent = acp.connect_to_agent(editor, both.writer, both.reader, use_unstable_protocol=True)
            capabilities = ClientCapabilities.model_validate(can or {})
            await editor.agent.initialize(protocol_version=1, client_capabilities=capabilities)
            yield editor

    return connected
