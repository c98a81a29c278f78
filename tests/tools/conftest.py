"""A real workspace for each test, and tools called the way dispatch calls them."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.isolation.base import Policy
from seedsmith.sandbox.isolation.off import Off
from seedsmith.sandbox.workspace.spill import SpillStore
from seedsmith.sandbox.workspace.workspace import Workspace
from seedsmith.tools.base import ToolContext, ToolResult
from seedsmith.tools.registry import default_tools


@dataclass
class Bench:
    """A workspace folder and the tools working in it."""

    root: Path
    context: ToolContext

    async def call(self, name, **arguments) -> ToolResult:
        tool = next(tool for tool in default_tools(vision=True) if tool.spec.name == name)
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
    runner.close()


class GitBench:
    """A repository in the bench's workspace, a user with an identity, and plain git for comparison."""

    def __init__(self, bench, home, repository):
        self.bench, self.home = bench, home
        self.root, self.context, self.put, self.bytes = bench.root, bench.context, bench.put, bench.bytes
        self.runners = []
        self.configure("[user]\nname = 种子 Smith\nemail = seed@example.org\n")
        shutil.copytree(repository, self.root, dirs_exist_ok=True)

    def configure(self, text) -> None:
        """Replace the user's own configuration."""
        (self.home / ".gitconfig").write_text(text)

    def git(self, *arguments, cwd=None, check=True) -> str:
        """Run git the plain way, as the user would."""
        clean = {"PATH": os.environ["PATH"], "HOME": str(self.home), "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(
            ("git", "-c", "protocol.file.allow=always", *arguments),
            cwd=cwd or self.root,
            env=clean,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        assert not check or done.returncode == 0, done.stderr.decode()
        return done.stdout.decode("utf-8", "surrogateescape").rstrip("\n")

    def save(self, message, **files) -> str:
        """Commit everything, after putting ``files`` (name without suffix .txt) in place."""
        for name, text in files.items():
            self.put(f"{name}.txt", text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    async def call(self, action, **arguments) -> ToolResult:
        return await self.ask({"action": action, **arguments})

    async def ask(self, arguments) -> ToolResult:
        tool = next(tool for tool in default_tools() if tool.spec.name == "git")
        return await tool.run(tool.parse(arguments), self.bench.context)

    def at(self, folder, isolation=None, private=None) -> ToolContext:
        """A context for another workspace of the same user."""
        state = self.home.parent / "state"
        policy = Policy(
            workspace=folder,
            private_tmp=private or self.home.parent / "tmp",
            state=state,
            environ={"PATH": os.environ["PATH"], "HOME": str(self.home), "GIT_CONFIG_NOSYSTEM": "1"},
        )
        spills = SpillStore(state / "spills")
        self.runners.append(ProcessRunner(isolation or Off(), policy, spills))
        return ToolContext(Workspace(folder), self.runners[-1], spills)


@pytest.fixture(scope="session")
def repository(tmp_path_factory):
    """An empty repository, to be copied."""
    folder = tmp_path_factory.mktemp("repository")
    subprocess.run(("git", "init", "-q", "-b", "main", folder), check=True)
    return folder


@pytest.fixture
def git_bench(bench, tmp_path, repository):
    home = tmp_path / "home"
    home.mkdir()
    made = GitBench(bench, home, repository)
    bench.context.processes = made.at(bench.root).processes
    yield made
    for runner in made.runners:
        runner.close()
