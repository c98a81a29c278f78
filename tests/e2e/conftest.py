"""Whole programs: the command as a subprocess, the scripted service as the model."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from command import call_here

KEY = "sk-very-secret-key-of-the-user"


@dataclass(frozen=True)
class Finished:
    """What one run of the command left behind."""

    code: int
    events: list[dict[str, Any]]
    errors: str

    @property
    def last(self) -> dict[str, Any]:
        return self.events[-1]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == kind]


class Seedsmith:
    """The command, pointed at a workspace, a state folder and the scripted service."""

    def __init__(self, folder: Path, endpoint: Any, call: Callable[..., Any]) -> None:
        self.workspace = folder / "work"
        self.workspace.mkdir()
        self.state = folder / "state"
        self.user = folder / "home"
        self.user.mkdir()
        self.endpoint = endpoint
        self._call = call
        self.model = "openai/scripted"
        self.extra: dict[str, str] = {}

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        return kept | {
            "HOME": str(self.user),
            "SEEDSMITH_HOME": str(self.state),
            "SEEDSMITH_API_KEY": KEY,
            "PYTHONDONTWRITEBYTECODE": "1",
            **self.extra,
        }

    @property
    def _asked(self) -> tuple[str, ...]:
        return ("-m", self.model, "--base-url", self.endpoint.base_url)

    @property
    def _where(self) -> tuple[str, ...]:
        return ("-C", str(self.workspace), "--json")

    def start(self, *arguments: str, command: str = "run") -> subprocess.Popen[bytes]:
        """As a process of its own, for what is killed, interrupted, or must be seen from outside."""
        return self.plain(command, *arguments, *self._asked)

    def plain(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Without a word on the model."""
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "seedsmith", *arguments, *self._where],
            cwd="/",
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def finish(self, process: subprocess.Popen[bytes]) -> Finished:
        output, errors = process.communicate()
        events = [json.loads(line) for line in output.splitlines()]
        return Finished(process.returncode, events, errors.decode())

    def run_killed_at(self, number: int, *arguments: str) -> None:
        """A run that is killed when it sends the request with this ``number``, counted from 0."""
        started: queue.SimpleQueue[subprocess.Popen[bytes]] = queue.SimpleQueue()
        self.endpoint.on_request = lambda request: request.number == number and started.get().kill()
        process = self.start(*arguments)
        started.put(process)
        process.communicate()
        assert process.returncode == -signal.SIGKILL

    def run(self, *arguments: str, command: str = "run") -> Finished:
        """To its end, in this process."""
        return self.run_plain(command, *arguments, *self._asked)

    def run_plain(self, *arguments: str) -> Finished:
        """To its end, in this process, without a word on the model."""
        done = self._call((*arguments, *self._where), Path("/"), self.environment)
        events = [json.loads(line) for line in done.stdout.splitlines()]
        return Finished(done.returncode, events, done.stderr)

    def tree(self) -> dict[str, str]:
        files = (path for path in self.workspace.rglob("*") if path.is_file())
        return {str(path.relative_to(self.workspace)): path.read_text() for path in files}

    @property
    def session(self) -> Path:
        (folder,) = (self.state / "sessions").iterdir()
        return folder


@pytest.fixture
def seedsmith(tmp_path: Path, endpoint: Any, monkeypatch: Any, capsys: Any) -> Seedsmith:
    """The command and an empty workspace."""
    return Seedsmith(tmp_path, endpoint, partial(call_here, monkeypatch=monkeypatch, capsys=capsys))


@pytest.fixture
def environment(tmp_path, endpoint):
    """What an editor starts the program with."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "SEEDSMITH_HOME": str(tmp_path / "state"),
        "SEEDSMITH_MODEL": "openai/scripted",
        "SEEDSMITH_BASE_URL": endpoint.base_url,
        "SEEDSMITH_API_KEY": "a-key-for-tests",
    }


@pytest.fixture
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process as a new user's: nothing set, a home folder and a state folder of its own."""
    for name in [name for name in os.environ if name.startswith(("SEEDSMITH_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("SEEDSMITH_HOME", str(tmp_path / "state"))
    (tmp_path / "user").mkdir()
