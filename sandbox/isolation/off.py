"""No isolation, by the user's own word: ``--sandbox off``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from seedsmith.sandbox.isolation.base import Launch, Policy, ProbeResult
from seedsmith.sandbox.isolation.environment import host_environment


class Off:
    """Plain processes with a clean environment; nothing is held by the kernel."""

    @property
    def name(self) -> str:
        """The name ``--sandbox`` knows it by."""
        return "off"

    @property
    def description(self) -> str:
        """One line for people."""
        return "no sandbox: commands can do whatever you can"

    def probe(self, policy: Policy) -> ProbeResult:
        """Always works, and enforces nothing but the clean environment."""
        return ProbeResult(
            works=True,
            enforced=("no keys in the environment", "no process survives its command"),
            missing=("writes outside the workspace", "reads of the home folder", "the network"),
        )

    def launch(self, argv: tuple[str, ...], policy: Policy, env: Mapping[str, str], cwd: Path) -> Launch:
        """Run ``argv`` as it stands."""
        return Launch(argv=argv, env=host_environment(env, policy, private_home=False), cwd=cwd)

    def restrict(self, policy: Policy) -> None:
        """Nothing is restricted."""
