"""In which workspaces bubblewrap held, so that a start in one of them need not wait for the next probe.

It tells what to expect and no more: :meth:`Proof.require` probes before anything runs, see docs/sandbox.md,
"Choosing a tier". What is remembered counts until the machine starts anew, for the same workspace, user,
rights and namespaces, and while each ``bwrap`` program is the file it was.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from seedsmith.sandbox.atomic_file import write_atomically
from seedsmith.sandbox.choose.select import Selection, choose
from seedsmith.sandbox.errors import NoIsolation
from seedsmith.sandbox.guards.git_folders import start_of
from seedsmith.sandbox.isolation.base import Isolation, Policy
from seedsmith.sandbox.isolation.bubblewrap import Bubblewrap, candidates

FILE = "isolation.json"
"""In the state folder: for each that held, by a digest of what must be the same, its program."""
_MOST = 100
"""So many are remembered, the newest."""
_MOST_BYTES = 64 << 10
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_LABEL = Path("/proc/self/attr/current")
"""The profile, of AppArmor for one, that this process is under."""
_RIGHTS = ("Cap", "NoNewPrivs", "Seccomp", "Uid", "Gid", "Groups")
"""How the lines of ``/proc/self/status`` begin that tell what this process may do."""
_NAMESPACES = ("mnt", "net", "pid", "user")
_AGAIN = "It held when it was last probed; nothing was run. Start again, and the sandbox is chosen anew."


class Proof:
    """What is still to be shown of an isolation before anything may run under it."""

    def __init__(self, isolation: Bubblewrap, policy: Policy, digest: str) -> None:
        self._isolation = isolation
        self._policy = policy
        self._digest = digest
        self._fault = ""
        self._held = False
        self._probing = threading.Lock()

    def require(self) -> None:
        """Probe, once, from any thread; raises :class:`NoIsolation` where it fails: then it is forgotten."""
        with self._probing:
            if self._held:
                return
            if not self._fault:
                self._fault = self._probe()
                self._held = not self._fault
        if self._fault:
            raise NoIsolation(self._fault)

    def _probe(self) -> str:
        """What is wrong; '' where nothing is."""
        try:
            found = Selection("bwrap", self._policy, (self._isolation,)).isolation(_AGAIN)
            if isinstance(found, Bubblewrap) and not found.missing_flags:
                return ""
            fault = f"{self._isolation.executable} is another program now. {_AGAIN}"
        except NoIsolation as error:
            fault = str(error)
        except OSError as error:
            fault = f"The sandbox can't be probed: {error.strerror or error}. {_AGAIN}"
        known = _known(self._policy)
        known.pop(self._digest, None)
        _keep(self._policy, known)
        return fault


def choose_early(choice: str, policy: Policy) -> tuple[Isolation, Proof | None]:
    """The isolation that ``choice`` stands for, as :func:`choose` does, and what is still to be shown of it.

    Where one is remembered to hold it is not probed yet; else None: it has just been. Raises
    :class:`NoIsolation`.
    """
    programs = candidates(policy.environ, policy.workspace)
    digest = _digest(choice, policy, programs)
    if not digest:
        return choose(choice, policy), None
    known = _known(policy)
    for program in programs:
        if known.get(digest) == str(program):
            expected = Bubblewrap(program)
            return expected, Proof(expected, policy, digest)
    isolation = choose(choice, policy)
    if isinstance(isolation, Bubblewrap) and not isolation.missing_flags:
        known[digest] = str(isolation.executable)
        _keep(policy, dict([*known.items()][-_MOST:]))
    return isolation, None


def _digest(choice: str, policy: Policy, programs: tuple[Path, ...]) -> str:
    """Of all that must be the same; '' where it can't be told, or has to be known at the start."""
    if choice not in ("auto", "bwrap") or policy.allow or policy.copy_of or policy.shown_instead:
        return ""
    try:
        found = [(str(path), _identity(path)) for path in programs]
        namespaces = [os.readlink(f"/proc/self/ns/{kind}") for kind in _NAMESPACES]  # noqa: PTH115
        status = Path("/proc/self/status").read_text("ascii", "replace").splitlines()
        facts = (
            *(choice, policy.network, str(policy.workspace), _identity(policy.workspace)[:5]),
            *(policy.environ.get("HOME"), found, namespaces, _BOOT.read_text("ascii")),
            *([line for line in status if line.startswith(_RIGHTS)], start_of(_LABEL)),
        )
    except OSError:
        return ""
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def _identity(path: Path) -> tuple[int, ...]:
    """What differs where it is another file, or was changed: the last, its time of change, nobody can set."""
    status = os.stat(path)  # noqa: PTH116
    owned = (status.st_dev, status.st_ino, status.st_mode, status.st_uid, status.st_gid)
    return *owned, status.st_size, status.st_ctime_ns


def _known(policy: Policy) -> dict[str, Any]:
    """What is remembered: each program by its digest, and whatever else the file holds."""
    try:
        held = json.loads(start_of(policy.state / FILE, _MOST_BYTES) or "{}")
    except (ValueError, RecursionError):
        return {}
    return held if isinstance(held, dict) else {}


def _keep(policy: Policy, held: dict[str, Any]) -> None:
    with suppress(OSError):
        write_atomically(policy.state / FILE, json.dumps(held).encode())
