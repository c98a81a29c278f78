"""The command line, called in this process as it would answer in one of its own."""

from __future__ import annotations

import io
import os
import subprocess
from pathlib import Path
from typing import TextIO

import pytest

from seedsmith.agent.cli.main import main


def call_here(
    arguments: tuple[str, ...],
    folder: Path,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    stdin: bytes | TextIO = b"",
) -> subprocess.CompletedProcess[str]:
    """Call it in ``folder`` with nothing else in its environment; exit code, stdout and stderr."""
    with monkeypatch.context() as patch:
        for name in [name for name in os.environ if not name.startswith("PYTEST_")]:
            patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.chdir(folder)
        given = io.TextIOWrapper(io.BytesIO(stdin)) if isinstance(stdin, bytes) else stdin
        patch.setattr("sys.stdin", given)
        capsys.readouterr()
        code = main(arguments)
    captured = capsys.readouterr()
    return subprocess.CompletedProcess(arguments, code, captured.out, captured.err)
