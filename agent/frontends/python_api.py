"""The library interface: what the command line does, as two methods."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from seedsmith.agent.calls.approval import Approver
from seedsmith.agent.events import FrontEnd
from seedsmith.agent.sessions.outcome import Outcome
from seedsmith.agent.settings.config import checked
from seedsmith.agent.settings.run_request import RunRequest

__all__ = ["Agent", "Outcome"]


class Agent:
    """Carries out prompts in one folder. Each run is a session of its own.

    ``settings`` are the fields of :class:`seedsmith.agent.settings.settings.Settings`; a wrong one raises
    :class:`seedsmith.agent.errors.UsageError` with the sentence the command line has for it.
    Configuration files are not read; keys are found in the environment unless ``api_key`` is given.
    """

    def __init__(
        self,
        workspace: str | Path = ".",
        model: str | None = None,
        *,
        front_ends: tuple[FrontEnd, ...] = (),
        approver: Approver | None = None,
        **settings: Any,
    ) -> None:
        self.settings = checked({"workspace": workspace, "model": model, **settings})
        self._front_ends = front_ends
        self._approver = approver

    def run(self, prompt: str = "") -> Outcome:
        """Carry out ``prompt`` and return what came of it; blocks until then.

        With the setting ``replay`` the prompt comes from the recording, and with ``resume`` from the session.
        Raises what :func:`run` raises, and RuntimeError inside a running event loop, where
        :meth:`arun` is to be awaited.
        """
        return asyncio.run(self.arun(prompt))

    async def arun(self, prompt: str = "") -> Outcome:
        """The same inside a running event loop."""
        from seedsmith.agent.frontends.telemetry.observing import observing
        from seedsmith.agent.run.run import run

        request = RunRequest(settings=self.settings, prompt=prompt)
        stack = ExitStack()
        watchers = stack.enter_context(observing(self.settings))
        try:
            return await run(request, (*self._front_ends, *watchers), self._approver)
        finally:
            await asyncio.to_thread(stack.close)  # the last spans are sent, and the caller's loop goes on
