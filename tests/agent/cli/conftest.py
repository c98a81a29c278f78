"""The command line, called in this process or as a process of its own, in an empty home and a repository."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from command import call_here

SEEDSMITH = str(Path(sys.executable).with_name("seedsmith"))
Call = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder that holds the home folder ``home`` and the workspace ``repo`` with one file."""
    (tmp_path / "home").mkdir()
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / "a.txt").write_text("one\n")
    return tmp_path


@pytest.fixture
def environment(place: Path) -> dict[str, str]:
    """All that the command finds in its environment; a test may add to it before it calls."""
    return {"PATH": os.environ["PATH"], "HOME": str(place / "home"), "LANG": "C.UTF-8"}


@pytest.fixture
def seedsmith(
    place: Path,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Call:
    """Calls the command in this process, as it would answer in one of its own."""

    def call(*arguments: str, stdin: str | bytes = "") -> subprocess.CompletedProcess[str]:
        given = stdin.encode() if isinstance(stdin, str) else stdin
        return call_here(arguments, place / "repo", environment, monkeypatch, capsys, given)

    return call


@pytest.fixture
def process(place: Path, environment: dict[str, str]) -> Call:
    """Runs the installed command, or another ``program``, as a process."""

    def call(
        *arguments: str, program: tuple[str, ...] = (SEEDSMITH,), cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            (*program, *arguments),
            cwd=cwd or place / "repo",
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return call
