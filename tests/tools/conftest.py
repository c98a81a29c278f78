"""A real workspace for each test, and tools called the way dispatch calls them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.isolation.base import Policy
from sandbox.isolation.off import Off
from sandbox.process import ProcessRunner
from sandbox.spill import SpillStore
from sandbox.workspace import Workspace
from tools.base import ToolContext, ToolResult
from tools.registry import default_tools


@dataclass
class Bench:
    """A workspace folder and the tools working in it."""

    root: Path
    context: ToolContext

    async def call(self, name, **arguments) -> ToolResult:
        tool = next(tool for tool in default_tools() if tool.spec.name == name)
        return await tool.run(tool.parse(arguments), self.context)

    def put(self, path, data) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data.encode() if isinstance(data, str) else data)
        return file

    def bytes(self, path) -> bytes:
        return (self.root / path).read_bytes()


@pytest.fixture
def bench(tmp_path):
    root, state, private = tmp_path / "project", tmp_path / "state", tmp_path / "tmp"
    for folder in (root, state, private):
        folder.mkdir()
    policy = Policy(workspace=root, private_tmp=private, state=state)
    spills = SpillStore(state / "spills")
    runner = ProcessRunner(Off(), policy, spills, environment={"PATH": os.environ["PATH"]})
    with Workspace(root) as workspace:
        yield Bench(root, ToolContext(workspace, runner, spills))
