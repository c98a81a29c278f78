"""A folder to work in, and the sandbox's own runner for it."""

from pathlib import Path

import pytest

from seedsmith.sandbox.choose.select import choose
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.isolation.base import Policy
from seedsmith.sandbox.workspace.spill import SpillStore


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def runner(work: Path, tmp_path: Path) -> ProcessRunner:
    state = tmp_path / "state"
    for folder in (state / "tmp", state / "spills"):
        folder.mkdir(parents=True)
    policy = Policy(work, state / "tmp", state)
    return ProcessRunner(choose("auto", policy), policy, SpillStore(state / "spills"))
