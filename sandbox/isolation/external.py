"""Isolation the user vouches for: a container around the agent, ``--sandbox external``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from seedsmith.sandbox.isolation.base import Launch, Policy, ProbeResult
from seedsmith.sandbox.isolation.environment import host_environment

_DOCKER_SOCKETS = ("/var/run/docker.sock", "/run/docker.sock")


class External:
    """Plain processes in a container the user called isolated; refused where Docker's socket is in reach."""

    def __init__(self, docker_sockets: tuple[str, ...] = _DOCKER_SOCKETS) -> None:
        self._docker_sockets = docker_sockets

    @property
    def name(self) -> str:
        """The name ``--sandbox`` knows it by."""
        return "external"

    @property
    def description(self) -> str:
        """One line for people."""
        return "the container around the agent, by your word: commands can do whatever it allows"

    def probe(self, policy: Policy) -> ProbeResult:
        """Works unless a Docker socket is visible: whoever reaches it owns the machine outside."""
        for path in _existing(self._docker_sockets):
            return ProbeResult(
                works=False,
                reason=f"--sandbox external is refused because {path} is visible, which gives the whole "
                "machine away; start the container without it.",
            )
        return ProbeResult(
            works=True,
            enforced=("no keys in the environment", "no process survives its command"),
            missing=("everything the container itself doesn't hold",),
        )

    def launch(self, argv: tuple[str, ...], policy: Policy, env: Mapping[str, str], cwd: Path) -> Launch:
        """Run ``argv`` as it stands."""
        return Launch(argv=argv, env=host_environment(env, policy, private_home=False), cwd=cwd)

    def restrict(self, policy: Policy) -> None:
        """Nothing is restricted here: the container does it."""


def _existing(paths: tuple[str, ...]) -> list[str]:
    return [path for path in paths if os.path.lexists(path)]
