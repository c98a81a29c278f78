"""Chromium as a program of the session: found on this machine, started in the sandbox, ended with it."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import shutil
import socket
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.commands.server_process import ServerProcess
from seedsmith.sandbox.errors import InputClosed, SandboxError
from seedsmith.sandbox.isolation.hidden_folders import TEMPORARY
from seedsmith.sandbox.isolation.own_programs import own_program
from seedsmith.tools.base import ToolError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
"""What Chromium is called, on PATH."""
NOT_FOUND = "No Chromium is found: install one (apt-get install chromium), or put it on PATH."
_STAND_IN = Path(__file__).with_name("playwright_stand_in.py")
_PROGRAM = ("/bin/sh", "-c", 'exec "$@" 3<&0 4>&1 </dev/null >&2', "browser")
"""Chromium reads its orders from descriptor 3 and answers on 4."""
_PIECE = 64 << 10
_SEND_SECONDS = 30.0
_ENDED = "Stopped: its session no longer needs it."
_LEFT_TO_US = ("--user-data-dir=", "--no-sandbox", "--disable-setuid-sandbox", "--proxy-")
"""Arguments of Playwright that are decided here."""


_NOWHERE = "http://127.0.0.1:9/"
_ASKS_NOBODY = (f"--gaia-url={_NOWHERE}", f"--component-updater=url-source={_NOWHERE}")
_ASKS_FOR_TIME = "NetworkTimeServiceQuerying"
_WITHOUT = "--disable-features="
"""Chromium asks its maker for updates, accounts and the time otherwise, which is told as a command's
connection. Playwright turns features off by one argument, of which Chromium heeds the last."""


def find_chromium(environ: Mapping[str, str], workspace: Path) -> Path | None:
    """The Chromium of this machine, never one of the workspace; None where there is none."""
    found = (own_program(name, environ, workspace) for name in NAMES)
    return next((program for program in found if program is not None), None)


def why_not_here(processes: ProcessRunner) -> str:
    """Why no browser can run under this isolation, as one sentence; '' where it can."""
    if processes.isolation.name == "landlock":
        return "The browser needs the strong sandbox (bubblewrap): Landlock keeps it from starting."
    if processes.isolation.name == "off" and os.geteuid() == 0:
        return "The browser doesn't run as root outside the sandbox: leave out --sandbox off."
    return ""


def quiet_arguments(given: list[str]) -> list[str]:
    """Playwright's arguments but those that are decided here, and what makes Chromium ask nobody."""
    kept = [word for word in given if not word.startswith((*_LEFT_TO_US, _WITHOUT))]
    off = [word.removeprefix(_WITHOUT) for word in given if word.startswith(_WITHOUT)]
    return [*_ASKS_NOBODY, _WITHOUT + ",".join([*off, _ASKS_FOR_TIME]), *kept]


class Chromium:
    """One Chromium: waits to be called by Playwright, then runs until it is closed."""

    def __init__(self, processes: ProcessRunner) -> None:
        """Raises :class:`ToolError` where there is none, or it can't run here."""
        policy = processes.policy
        if why := why_not_here(processes):
            raise ToolError(why)
        program = find_chromium(policy.environ, policy.workspace)
        if program is None:
            raise ToolError(NOT_FOUND)
        self._program = program
        self._folder = Path(tempfile.mkdtemp(prefix="seedsmith-browser-"))
        empty = self._folder / "empty"
        empty.mkdir()
        self._profile = Path(tempfile.mkdtemp(prefix="browser-", dir=policy.private_tmp))
        shown = replace(policy, shown_instead=empty, programs=(*policy.programs, program))
        self._processes = processes.with_policy(shown, processes.environment)
        self._isolation = processes.isolation.name
        self._proxy = processes.network.environment.get("http_proxy", "")
        self._talk: ServerProcess | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.fault = ""
        """Why it could not be started; '' where it could."""

    @property
    def artifacts(self) -> Path:
        """A folder for what Playwright keeps meanwhile."""
        return self._folder

    @property
    def runs(self) -> bool:
        """Whether it was started and has not ended."""
        return self._talk is not None and not self._talk.running.ended

    def wait_to_be_called(self) -> Path:
        """Begin to wait; returns the program that Playwright is to start."""
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        place = self._folder / "called"
        listening.bind(str(place))
        listening.listen(1)
        listening.setblocking(False)
        script = self._folder / "chromium"
        words = shlex.join((sys.executable, "-I", "-S", str(_STAND_IN), str(place)))
        script.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        script.chmod(0o700)
        self._tasks.append(asyncio.ensure_future(self._serve(listening)))
        return script

    async def close(self) -> None:
        """End it with all it started, and remove what it kept."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._talk is not None:
            await self._talk.running.stop(_ENDED)
        shutil.rmtree(self._folder, ignore_errors=True)
        shutil.rmtree(self._profile, ignore_errors=True)

    def said(self) -> str:
        """The last line it wrote about itself."""
        lines = self._talk.said().splitlines() if self._talk is not None else []
        return lines[-1][-300:] if lines else ""

    async def _serve(self, listening: socket.socket) -> None:
        with listening:
            channel, _ = await asyncio.get_running_loop().sock_accept(listening)
        with channel:
            channel.setblocking(True)
            _, descriptors, _, _ = await asyncio.to_thread(socket.recv_fds, channel, 1, 2)
            channel.setblocking(False)
            orders, answers = (socket.socket(fileno=each) for each in descriptors)
            with orders, answers:
                reader, _ = await asyncio.open_connection(sock=channel.dup())
                given = json.loads(await reader.readline())
                try:
                    self._talk = talk = self._start(given)
                except SandboxError as error:
                    self.fault = str(error)
                    return
                await self._carry(talk, orders, answers)

    def _start(self, given: list[str]) -> ServerProcess:
        """Start it with what Playwright ``given``, but a profile, a way out and a sandbox of ours."""
        profile = self._profile
        if self._isolation == "bwrap":
            profile = TEMPORARY / profile.name
        own = [f"--user-data-dir={profile}", "--disable-auto-reload"]
        if self._isolation in ("bwrap", "external"):  # which confine it
            own.append("--no-sandbox")
        if self._proxy:
            own.append(f"--proxy-server={self._proxy}")
        return self._processes.converse((*_PROGRAM, str(self._program), *own, *quiet_arguments(given)))

    async def _carry(self, talk: ServerProcess, orders: socket.socket, answers: socket.socket) -> None:
        """Carry Playwright's orders in and the answers out until one side ends."""
        loop = asyncio.get_running_loop()
        for each in (orders, answers):
            each.setblocking(False)

        async def inwards() -> None:
            with suppress(InputClosed, OSError):
                while piece := await loop.sock_recv(orders, _PIECE):
                    if not await talk.send(piece, _SEND_SECONDS):
                        return

        async def outwards() -> None:
            with suppress(OSError):
                while piece := await talk.receive():
                    await loop.sock_sendall(answers, piece)

        both = [asyncio.ensure_future(inwards()), asyncio.ensure_future(outwards())]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            await talk.running.stop(_ENDED)
