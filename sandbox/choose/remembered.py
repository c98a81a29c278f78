"""Which isolation held when it was last probed, so that a start need not wait for the next probe.

It tells what to expect and no more: :meth:`Proof.require` probes before anything runs, see docs/sandbox.md,
"Choosing a tier". What is remembered counts until the machine starts anew, for the same user in the same
namespaces, and while each ``bwrap`` program is the file it was.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from seedsmith.sandbox.atomic_file import write_atomically
from seedsmith.sandbox.choose.select import Selection, choose
from seedsmith.sandbox.errors import NoIsolation
from seedsmith.sandbox.isolation.base import Isolation, Policy
from seedsmith.sandbox.isolation.bubblewrap import Bubblewrap, candidates

FILE = "isolation.json"
"""In the state folder."""
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACES = ("mnt", "pid", "user")


class Proof:
    """What is still to be shown of an isolation before anything may run under it."""

    def __init__(self, isolation: Isolation, policy: Policy, choice: str) -> None:
        self._isolation = isolation
        self._policy = policy
        self._choice = choice
        self._fault = ""
        self._held = False

    def require(self) -> None:
        """Probe, once, on the thread that will run commands; raises :class:`NoIsolation` where it fails.

        Then the next start expects nothing.
        """
        if self._held:
            return
        if not self._fault:
            try:
                Selection(self._choice, self._policy, (self._isolation,)).isolation()
            except NoIsolation as error:
                self._fault = str(error)
                with suppress(OSError):
                    _file(self._policy).unlink()
        if self._fault:
            raise NoIsolation(self._fault)
        self._held = True


def choose_early(choice: str, policy: Policy) -> tuple[Isolation, Proof | None]:
    """The isolation that ``choice`` stands for, as :func:`choose` does, and what is still to be shown of it.

    Where one is remembered to hold it is not probed yet; else None: it has just been. Raises
    :class:`NoIsolation`.
    """
    facts = _facts(choice, policy)
    expected = _remembered(facts, policy)
    if expected is not None:
        return expected, Proof(expected, policy, choice)
    isolation = choose(choice, policy)
    if facts and isinstance(isolation, Bubblewrap):
        held = {"program": str(isolation.executable), "missing": sorted(isolation.missing_flags)}
        with suppress(OSError):
            write_atomically(_file(policy), json.dumps(facts | {"held": held}).encode())
    return isolation, None


def _remembered(facts: dict[str, Any], policy: Policy) -> Bubblewrap | None:
    """The isolation that held under the same ``facts``; None where none is known."""
    try:
        known = json.loads(_file(policy).read_bytes())
        held = known.pop("held")
        isolation = Bubblewrap(Path(held["program"]), frozenset(held["missing"]))
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        return None
    return isolation if known == facts else None


def _facts(choice: str, policy: Policy) -> dict[str, Any]:
    """What must be the same, as JSON has it; nothing where it can't be told, or all is to be known first."""
    if choice not in ("auto", "bwrap") or policy.allow or policy.workspace.parent == policy.workspace:
        return {}
    try:
        programs = [[str(path), *_identity(path)] for path in candidates(policy.environ, policy.workspace)]
        namespaces = [os.readlink(f"/proc/self/ns/{kind}") for kind in _NAMESPACES]  # noqa: PTH115
        boot = _BOOT.read_text("ascii").strip()
    except OSError:
        return {}
    places = {"boot": boot, "namespaces": namespaces, "user": os.geteuid()}
    return places | {"choice": choice, "programs": programs}


def _identity(program: Path) -> tuple[int, ...]:
    status = os.stat(program)  # noqa: PTH116
    return (
        status.st_dev,
        status.st_ino,
        status.st_mode,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )


def _file(policy: Policy) -> Path:
    return policy.state / FILE
