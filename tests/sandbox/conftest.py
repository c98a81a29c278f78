"""A small world for commands: a repository, a home with a secret, and something outside to harm."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from present import is_present

from seedsmith.sandbox.choose.select import choose
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.isolation.base import Isolation, Limits, Policy
from seedsmith.sandbox.isolation.bubblewrap import Bubblewrap
from seedsmith.sandbox.isolation.landlock import Landlock
from seedsmith.sandbox.isolation.off import Off
from seedsmith.sandbox.workspace.spill import SpillStore

TIERS = {"bwrap": "bwrap", "landlock": "Landlock"}
"""Each tier, and its name in ``tests/support/present.py``."""


@dataclass(frozen=True)
class World:
    policy: Policy
    home: Path
    outside: Path
    canary: Path
    """A file outside the workspace that must stay as it is."""

    @property
    def workspace(self) -> Path:
        return self.policy.workspace


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with one commit, to be copied."""
    folder = tmp_path_factory.mktemp("repository")
    git = ["git", "-C", str(folder), "-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "start"], check=True)
    return folder


@pytest.fixture
def world(tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    # However busy the machine is, what runs is held still, and not only looked at.
    monkeypatch.setattr("seedsmith.sandbox.commands.descendants._FREEZE_SECONDS", 30.0)
    folders = {name: tmp_path / name for name in ("work", "private", "state", "home", "outside")}
    for folder in folders.values():
        folder.mkdir()
    (folders["home"] / ".ssh").mkdir()
    (folders["home"] / ".ssh" / "id_ed25519").write_text("home-secret")
    canary = folders["outside"] / "canary"
    canary.write_text("untouched")
    shutil.copytree(repository, folders["work"], dirs_exist_ok=True)
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(folders["home"]),
        "WCODE_API_KEY": "key-secret",
        "GITHUB_TOKEN": "token-secret",
        "SSH_AUTH_SOCK": "/nowhere/agent.sock",
    }
    policy = Policy(folders["work"], folders["private"], folders["state"], environ=environ)
    return World(policy, folders["home"], folders["outside"], canary)


@pytest.fixture(params=TIERS)
def tier(request: pytest.FixtureRequest) -> str:
    return str(request.param)


_chosen: dict[str, Isolation] = {}


@pytest.fixture
def isolation(tier: str, world: World) -> Isolation:
    if tier == "off":
        return Off()
    if not is_present(TIERS[tier]):
        pytest.skip(f"needs {TIERS[tier]}")
    if tier not in _chosen:  # Probing once is enough; what is kept for a policy is made anew.
        _chosen[tier] = choose(tier, world.policy)
    chosen = _chosen[tier]
    return Bubblewrap(chosen.executable) if isinstance(chosen, Bubblewrap) else Landlock()


MakeRunner = Callable[..., ProcessRunner]


@pytest.fixture
def make_runner(isolation: Isolation, world: World) -> Iterator[MakeRunner]:
    """Builds a runner in the tier under test; keyword arguments change the policy or give the limits.

    Each is closed: what watches over commands searches all processes, again and again, for those of a runner
    that is merely gone.
    """
    made = []

    def make(limits: Limits | None = None, **changes: object) -> ProcessRunner:
        policy = replace(world.policy, **changes)  # type: ignore[arg-type]
        made.append(ProcessRunner(isolation, policy, SpillStore(policy.state / "spills"), limits))
        return made[-1]

    yield make
    for runner in made:
        runner.close()


@pytest.fixture
def runner(make_runner: MakeRunner) -> ProcessRunner:
    return make_runner()
