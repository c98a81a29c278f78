"""Real repositories in a temporary folder, and a batch over them with the scripted service as the model."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from seedsmith.agent.settings.settings import Settings
from seedsmith.agent.tasks.batch.batch import Batch, Options, Summary
from seedsmith.agent.tasks.batch.engines import Crew
from seedsmith.agent.tasks.batch.worker import work

IDENTITY = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "A"), ("EMAIL", "a@example.org"))
}


class Here:
    """An engine of one worker in this process."""

    async def run(self, crew: Crew) -> None:
        await work(replace(crew.job, owner="here"), crew.environment)


@dataclass
class Ground:
    """Repositories, task files and state of one test."""

    folder: Path
    endpoint: Any
    environment: dict[str, str] = field(default_factory=dict)

    def git(self, name: str, *arguments: str) -> str:
        """Git in a repository, by hand."""
        done = subprocess.run(
            ("git", *arguments), cwd=self.folder / name, env=self.environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def repository(self, name: str, **files: str) -> Path:
        """A repository with one commit; dots of file names are written as ``__``."""
        path = self.folder / name
        path.mkdir(parents=True)
        for file, content in (files or {"a__txt": "old\n"}).items():
            target = path / file.replace("__", ".")
            target.write_text(content)
        self.git(name, "init", "-q", "-b", "main")
        self.commit(name, "Start")
        return path

    def commit(self, name: str, message: str) -> None:
        self.git(name, "add", ".")
        self.git(name, "commit", "-q", "-m", message)

    def tasks(self, **said: Any) -> Path:
        """A task file; JSON is YAML."""
        path = self.folder / "tasks.yaml"
        path.write_text(json.dumps(said))
        return path

    @property
    def settings(self) -> Settings:
        return Settings(
            model="openai/scripted",
            base_url=self.endpoint.base_url,
            api_key="a-key",
            home=self.folder / "state",
        )

    def open(self, **said: Any) -> Batch:
        return Batch.open(
            self.tasks(**said) if said else self.folder / "tasks.yaml", self.settings, self.environment
        )

    async def run(self, *, options: Options | None = None, **said: Any) -> Summary:
        return await self.open(**said).run(options or Options(), engine=Here())

    def show(self, name: str, what: str) -> str:
        """A file of a branch: ``BRANCH:PATH``."""
        return self.git(name, "show", what)


@pytest.fixture
def ground(tmp_path: Path, endpoint: Any) -> Ground:
    """An empty folder, ready for repositories."""
    (tmp_path / "home").mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "LANG": "C.UTF-8", **IDENTITY}
    return Ground(tmp_path, endpoint, environment)
