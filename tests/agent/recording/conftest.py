"""Runs that are recorded against the scripted service, and replayed with that service shut."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from scripted_endpoint import Endpoint
from small_house import Collected

from seedsmith import Agent, Outcome

KEY = "sk-the-key-of-the-user"


@dataclass
class Studio:
    """A folder with a small repository to record in, and fresh copies of it to replay in."""

    folder: Path
    file: Path = field(init=False)
    seen: Collected = field(default_factory=Collected)
    files: dict[str, str] = field(default_factory=lambda: {"a.txt": "one\n", "b.txt": "left\n"})
    rooms: int = 0

    def __post_init__(self) -> None:
        self.file = self.folder / "run.jsonl"

    def fresh(self, **changes: str) -> Path:
        """A new workspace; ``changes`` are other contents by file name without its ending."""
        self.rooms += 1
        root = self.folder / f"room{self.rooms}"
        contents = self.files | {f"{name}.txt": text for name, text in changes.items()}
        for name, text in contents.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return root

    def record(self, *steps: Any, prompt: str = "Change it", **settings: Any) -> Outcome:
        """Record a run against a service that answers ``steps`` and is gone afterwards."""
        with Endpoint(*steps) as endpoint:
            settings = {"base_url": endpoint.base_url} | settings
            agent = Agent(
                settings.pop("workspace", None) or self.fresh(),
                settings.pop("model", "openai/scripted"),
                api_key=KEY,
                home=self.folder / "state",
                record=self.file,
                **settings,
            )
            return agent.run(prompt)

    def replay(self, workspace: Path | None = None, **settings: Any) -> Outcome:
        """Replay it, in a fresh workspace unless one is given."""
        self.seen = Collected()
        agent = Agent(
            workspace or self.fresh(),
            home=self.folder / "state of another",
            replay=self.file,
            front_ends=(self.seen,),
            **settings,
        )
        return agent.run()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.file.read_text().splitlines()]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["kind"] == kind]

    def rewrite(self, lines: list[dict[str, Any]]) -> None:
        self.file.write_text("".join(json.dumps(line) + "\n" for line in lines))


def arrival(endpoint: Any, number: int) -> threading.Event:
    """Is set once request ``number`` (from 1) has come."""
    arrived = threading.Event()
    endpoint.on_request = lambda request: arrived.set() if request.number + 1 == number else None
    return arrived


@pytest.fixture
def third_request(endpoint: Any) -> threading.Event:
    """Is set once the service was asked for the third time."""
    return arrival(endpoint, 3)


@pytest.fixture
def second_request(endpoint: Any) -> threading.Event:
    """Is set once the service was asked for the second time."""
    return arrival(endpoint, 2)


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    """Where runs are recorded and replayed."""
    return Studio(tmp_path)
