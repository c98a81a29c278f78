"""A local model's server: a child process on a loopback port, watched from its start to its end."""

from __future__ import annotations

import asyncio
import json
import secrets
import signal
import sys
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from seedsmith.agent.models.errors import LocalModelError
from seedsmith.agent.subprocesses import kill
from seedsmith.sandbox.lazy_dataclass import dataclass

_CHILD = Path(__file__).with_name("server_child.py")
_START_SECONDS = 300.0
"""Deadline for reading the weights from a slow disk into memory."""
_HEALTH_SECONDS = 10.0
_STOP_SECONDS = 2.0
_LOG_LINES = 400
_LINE_BYTES = 1 << 16
_PASSED_ON = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH"),
    *("OMP_WAIT_POLICY", "GOMP_SPINCOUNT"),
)
"""Variables the child sees: no keys, and nothing by which llama.cpp is configured from outside."""
_THREADING = {"GOMP_SPINCOUNT": "20000"}
"""How long a thread that waits for the others spins before it sleeps. Without a bound a second busy program
brings the model to a crawl; without spinning a quiet machine gives a third fewer tokens a second."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a running server answers."""

    address: str
    """E.g. ``http://127.0.0.1:41234``; the OpenAI-compatible service is below ``/v1``."""
    key: str
    context_tokens: int
    """Input and output together, as the server reports it."""

    def __repr__(self) -> str:
        return f"Endpoint({self.address}, {self.context_tokens} tokens)"


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """What to serve, and with how much of the machine."""

    name: str
    weights: Path
    context_tokens: int
    threads: int
    """Of the processor, one for each core."""
    log: Path
    """Written only when the server fails."""


class LocalServer:
    """One child process; :meth:`start` and :meth:`stop` may be called again and again.

    Start it from a thread that lives as long as the server should: the kernel ends the child with the
    thread that made it.
    """

    def __init__(self, options: ServerOptions, environment: Mapping[str, str]) -> None:
        self._options = options
        passed_on = {name: environment[name] for name in _PASSED_ON if name in environment}
        self._environment = {**_THREADING, **passed_on}
        self._process: asyncio.subprocess.Process | None = None
        self._endpoint: Endpoint | None = None
        self._lines: deque[str] = deque(maxlen=_LOG_LINES)
        self._reader: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()

    @property
    def running(self) -> bool:
        """Whether the child lives and has answered."""
        return self._endpoint is not None and self._process is not None and self._process.returncode is None

    async def start(self) -> Endpoint:
        """The endpoint of the running server, started where it isn't; raises :class:`LocalModelError`."""
        async with self._starting:
            if self._endpoint is not None and self.running:
                return self._endpoint
            await self.stop()
            try:
                async with asyncio.timeout(_START_SECONDS):
                    self._endpoint = await self._launch()
            except TimeoutError:
                raise self._failure(f"was not ready after {_START_SECONDS:.0f} s") from None
            finally:
                if self._endpoint is None:
                    await self.stop()
            return self._endpoint

    async def stop(self) -> None:
        """End the child; returns when it is gone."""
        process, self._process, self._endpoint = self._process, None, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            await kill(process)
        finally:
            if self._reader is not None:
                self._reader.cancel()

    def failure(self) -> LocalModelError:
        """Why the child is gone, for a request that it left without an answer."""
        return self._failure(f"ended in the middle of an answer{self._how_it_ended()}")

    async def _launch(self) -> Endpoint:
        key = secrets.token_urlsafe(32)
        self._lines.clear()
        self._process = process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-E", "-P", str(_CHILD)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd="/",
            start_new_session=True,  # the terminal's Ctrl-C is for the agent, which ends the child itself
            env=self._environment,
            limit=_LINE_BYTES,
        )
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        self._reader = asyncio.create_task(self._keep_lines(process.stderr))
        process.stdin.write(self._order(key))
        with suppress(ConnectionError):
            await process.stdin.drain()
        answer = _parse(await process.stdout.readline())
        if answer is None:
            await process.wait()
            await self._reader
            raise self._failure(f"ended while it was starting{self._how_it_ended()}")
        if "error" in answer:
            raise self._failure(f"can't start: {answer['error']}")
        context = await asyncio.to_thread(_ask_for_context, answer["address"], key)
        if context is None:
            raise self._failure("does not answer a health check")
        return Endpoint(answer["address"], key, context)

    def _order(self, key: str) -> bytes:
        options = self._options
        order = {
            "name": options.name,
            "model": str(options.weights),
            "context": options.context_tokens,
            "threads": options.threads,
            "key": key,
        }
        return json.dumps(order).encode() + b"\n"

    async def _keep_lines(self, stream: asyncio.StreamReader) -> None:
        while True:
            try:
                line = await stream.readline()
            except ValueError:
                continue  # longer than the limit: dropped
            if not line:
                return
            self._lines.append(line.decode(errors="replace").rstrip())

    def _how_it_ended(self) -> str:
        code = self._process.returncode if self._process is not None else None
        if code is None:
            return ""
        if code == -signal.SIGILL:
            return " (this processor lacks instructions that xllamacpp was built for)"
        return f" (signal {-code})" if code < 0 else f" (exit code {code})"

    def _failure(self, what: str) -> LocalModelError:
        lines = [line for line in self._lines if line.strip()]
        words = f"The server of {self._options.name} {what}"
        if not lines:
            return LocalModelError(f"{words}.")
        with suppress(OSError):
            self._options.log.write_text("\n".join(lines) + "\n", encoding="utf-8")
            words += f"; its log is {self._options.log}"
        return LocalModelError(f"{words}, and its last words were: {' | '.join(lines[-2:])[-400:]}")


def _parse(line: bytes) -> dict[str, str] | None:
    try:
        answer = json.loads(line)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _ask_for_context(address: str, key: str) -> int | None:
    """Wait for a healthy answer and return the context's size; None after the deadline. Blocks.

    ``http.client`` knows no proxies, which must never stand before a loopback address.
    """
    import time

    deadline = time.monotonic() + _HEALTH_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError, ValueError, KeyError, TypeError):
            if _get(address, "/health", key) is not None:
                properties = _get(address, "/props", key)
                return int(properties["default_generation_settings"]["n_ctx"])  # type: ignore[index]
        time.sleep(0.05)
    return None


def _get(address: str, path: str, key: str) -> dict[str, Any] | None:
    """The JSON that ``path`` answers, or None where it isn't ready."""
    import http.client

    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=_HEALTH_SECONDS)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
        response = connection.getresponse()
        body = response.read()
        return _parse(body) if response.status == 200 else None
    finally:
        connection.close()
