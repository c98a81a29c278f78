"""What the isolations that give commands no ``/tmp`` of their own share."""

from __future__ import annotations

from collections.abc import Mapping

from seedsmith.sandbox.isolation.base import Policy
from seedsmith.sandbox.isolation.environment import PRIVATE_HOME


def host_environment(env: Mapping[str, str], policy: Policy, *, private_home: bool) -> dict[str, str]:
    """``env`` with ``TMPDIR`` and, where asked for, ``HOME`` moved to the host folder behind ``/tmp``.

    Without ``private_home`` a ``HOME`` nobody chose becomes the user's own.
    """
    moved = dict(env)
    moved["TMPDIR"] = str(policy.private_tmp)
    if moved.get("HOME") == PRIVATE_HOME:
        home = policy.private_tmp / "home"
        if private_home:
            home.mkdir(exist_ok=True)
        moved["HOME"] = str(home) if private_home else policy.environ.get("HOME", str(home))
    return moved
