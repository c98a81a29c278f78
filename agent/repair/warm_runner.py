"""A test runner that is started once: each run of the tests is a fork of it (injected/seedsmith_serve.py)."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Literal

from seedsmith.agent.repair.watched_run import Injection
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.commands.server_process import ServerProcess
from seedsmith.sandbox.errors import SandboxError

Tests = Literal["only", "all", "others"]
"""Which tests run: those that failed before, all of them until one fails, or those that did not fail."""

_FOLDER = "seedsmith-warm"
_INJECTED = Path(__file__).parent / "injected"
TALK = "exec 8<&0 9>&1 </dev/null >/dev/null 2>&1; "
"""The runner's requests come by descriptor 8, its answers go to 9; the others are the tests'."""
_MOST_ANSWER = 100_000
_GRACE_SECONDS = 5.0
_START_SECONDS = 20.0


class WarmRunner:
    """The runner of one test command, waiting to be forked; what it says is a stranger's word."""

    def __init__(self, server: ServerProcess, injection: Injection) -> None:
        self._server = server
        self._injection = injection
        self._unread = b""
        self.waits = True
        """Whether it still answers."""

    @classmethod
    async def start(
        cls, command: str, processes: ProcessRunner, failed: Collection[str], environment: Mapping[str, str]
    ) -> WarmRunner | None:
        """Start ``command`` up to where nothing of the workspace is loaded yet; None where it can't wait.

        ``failed`` names the tests that failed before.
        """
        for place in ("collect", "start"):
            self = cls._started(command, processes, failed, {**environment, "SEEDSMITH_SERVE": place})
            if self is None:
                return None
            answer = await self._answer(_START_SECONDS)
            if answer.get("ready") is True:
                return self
            await self.stop()
            if not answer:  # it runs nothing that could wait
                return None
        return None

    @classmethod
    def _started(
        cls, command: str, processes: ProcessRunner, failed: Collection[str], environment: Mapping[str, str]
    ) -> WarmRunner | None:
        injection = Injection(processes, _FOLDER)
        injection.add(_INJECTED / "seedsmith_first.py", _INJECTED / "seedsmith_serve.py")
        listed = injection.folder / "first"
        listed.write_text("\n".join(failed), encoding="utf-8", errors="surrogatepass")
        shell = next((each for each in ("/bin/bash", "/bin/sh") if os.access(each, os.X_OK)), "/bin/sh")
        given = environment.get("PYTEST_ADDOPTS", processes.environment.get("PYTEST_ADDOPTS", ""))
        talking = {
            **environment,
            "PYTEST_ADDOPTS": f"-x -p no:cacheprovider {given}".strip(),
            "SEEDSMITH_COMMAND": command,
        }
        try:
            server = processes.converse([shell, "-c", TALK + injection.line], env=talking)
        except SandboxError:
            injection.remove()
            return None
        return cls(server, injection)

    async def run(self, tests: Tests, seconds: float, *, tell: bool = False) -> int | None:
        """How ``tests`` ended: an exit code; None where they did not within ``seconds``.

        With ``tell`` the run notes what it imported, for :meth:`preload`.
        """
        answer = await self._ask({"tests": tests, "seconds": seconds, "tell": tell}, seconds)
        self.waits = "status" in answer
        status = answer.get("status")
        return status if isinstance(status, int) else None

    async def preload(self) -> bool:
        """Import what a run had imported from outside the workspace; whether it can still be forked."""
        return (await self._ask({"preload": True}, _START_SECONDS)).get("ready") is True

    async def stop(self) -> None:
        """End it, with all that it started."""
        await self._server.stop("the search has ended")
        self._injection.remove()

    async def _ask(self, request: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        line = json.dumps(request).encode() + b"\n"
        try:
            sent = await self._server.send(line, _GRACE_SECONDS)
        except SandboxError:
            return {}
        return await self._answer(seconds + _GRACE_SECONDS) if sent else {}

    async def _answer(self, seconds: float) -> dict[str, Any]:
        """Its next line; empty where none comes, or something else does."""
        try:
            async with asyncio.timeout(seconds):
                while b"\n" not in self._unread:
                    piece = await self._server.receive()
                    if not piece or len(self._unread) > _MOST_ANSWER:
                        return {}
                    self._unread += piece
        except TimeoutError:
            return {}
        line, self._unread = self._unread.split(b"\n", 1)
        try:
            answer = json.loads(line)
        except ValueError:
            return {}
        return answer if isinstance(answer, dict) else {}
