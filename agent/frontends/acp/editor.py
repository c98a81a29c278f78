"""The editor at the other end: what it is told, what it can do, what it holds of a file."""

from __future__ import annotations

import asyncio
from dataclasses import field
from pathlib import Path

from acp.exceptions import RequestError
from acp.interfaces import Client
from acp.schema import ClientCapabilities

from seedsmith.agent.events import FrontEnd
from seedsmith.agent.frontends.acp.updates import Updates
from seedsmith.agent.settings.run_request import Buffers
from seedsmith.sandbox.lazy_dataclass import dataclass

_PATIENCE_SECONDS = 3.0
"""An editor that takes longer has no text of the file."""


@dataclass(slots=True)
class Editor:
    """One connection's other end."""

    client: Client
    updates: Updates
    can: ClientCapabilities = field(default_factory=ClientCapabilities)
    """What it said it can do."""
    watchers: tuple[FrontEnd, ...] = ()
    """They see the events of every session, too."""

    @property
    def shows_forms(self) -> bool:
        """Whether it puts questions in words to the person."""
        return self.can.elicitation is not None and self.can.elicitation.form is not None

    @property
    def logs_in(self) -> bool:
        """Whether it opens a terminal for a program in which a person logs in."""
        return bool(self.can.auth and self.can.auth.terminal)

    def buffers(self, session: str) -> Buffers | None:
        """What asks for the editor's text of a file; None where it gives none."""
        if self.can.fs is None or not self.can.fs.read_text_file:
            return None

        async def text_of(path: Path) -> str | None:
            try:
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    answer = await self.client.read_text_file(session_id=session, path=str(path))
            except (OSError, RequestError, ValueError, TimeoutError):
                return None
            return answer.content

        return text_of
