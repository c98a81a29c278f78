"""Choose the isolation of a session: the first that passes its probe, or the one the user named."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from seedsmith.sandbox.choose.probe import ProbeRun, probe, works_elsewhere
from seedsmith.sandbox.errors import NoIsolation
from seedsmith.sandbox.isolation.base import Isolation, Policy, ProbeResult
from seedsmith.sandbox.isolation.bubblewrap import OPTIONAL_FLAGS, Bubblewrap, candidates
from seedsmith.sandbox.isolation.external import External
from seedsmith.sandbox.isolation.landlock import Landlock
from seedsmith.sandbox.isolation.off import Off

CHOICES = ("auto", "bwrap", "landlock", "external", "off")
_UNKNOWN_FLAG = re.compile(r"[Uu]nknown option (--[a-z-]+)")
_HINDERED = (
    "It works on this machine, so something in this workspace keeps it from holding, and no weaker tier is "
    "taken for that; mend it, or say --sandbox landlock by your own word."
)
_WAYS_OUT = (
    "Inside a container that isolates already, say --sandbox external; "
    "--sandbox off runs commands without any protection, by your own word."
)


class Selection:
    """A choice under way: the first probe runs already while the caller does something else.

    Create and finish it on the thread that will run commands.
    """

    def __init__(self, choice: str, policy: Policy, candidates: Sequence[Isolation] | None = None) -> None:
        """Start probing; raises :class:`NoIsolation` for an unknown choice.

        ``candidates`` takes the place of this machine's own, strongest first.
        """
        self._policy = policy
        self._choice = choice
        self._candidates = _candidates(choice, policy) if candidates is None else tuple(candidates)
        self._first = _begin(self._candidates[0], policy) if self._candidates else None
        self.result = ProbeResult(works=False)
        """What the chosen isolation's probe showed; meaningful after :meth:`isolation`."""

    def isolation(self, advice: str = _WAYS_OUT) -> Isolation:
        """Wait for the probe; raises :class:`NoIsolation`, with ``advice`` where none is there that works."""
        reasons: list[str] = []
        for number, candidate in enumerate(self._candidates):
            run = self._first if number == 0 else _begin(candidate, self._policy)
            isolation, result = _finish(candidate, run, self._policy)
            if result.works:
                self.result = result
                return isolation
            if result.hindered:
                raise NoIsolation(result.reason)
            reasons.append(result.reason)
        if self._choice == "external":
            raise NoIsolation(reasons[0])
        if not reasons:
            reasons.append("No bwrap program was found outside the workspace.")
        raise NoIsolation(" ".join([*dict.fromkeys(reasons), advice]))


def choose(choice: str, policy: Policy) -> Isolation:
    """Probe and return the isolation ``choice`` (one of :data:`CHOICES`) stands for.

    ``auto`` takes the strongest that works, never ``external`` or ``off``. Raises :class:`NoIsolation`.
    """
    return Selection(choice, policy).isolation()


def explain(policy: Policy) -> list[tuple[Isolation, ProbeResult]]:
    """Probe every isolation of this machine, strongest first, for ``doctor``."""
    everything: Sequence[Isolation] = (*_candidates("auto", policy), External(), Off())
    return [_finish(isolation, _begin(isolation, policy), policy) for isolation in everything]


def _candidates(choice: str, policy: Policy) -> tuple[Isolation, ...]:
    if choice not in CHOICES:
        raise NoIsolation(f"There is no sandbox called {choice!r}; use one of {', '.join(CHOICES)}.")
    if policy.allow and choice not in ("auto", "bwrap"):
        raise NoIsolation(f"--network allow=… needs bubblewrap: --sandbox {choice} can't hold it.")
    if choice == "external":
        return (External(),)
    if choice == "off":
        return (Off(),)
    if policy.workspace.parent == policy.workspace:
        raise NoIsolation("The whole file system can't be the workspace; name a folder with --workspace.")
    found: list[Isolation] = []
    if choice in ("auto", "bwrap"):
        found += map(Bubblewrap, candidates(policy.environ, policy.workspace))
    if choice in ("auto", "landlock") and not policy.allow:
        found.append(Landlock())
    return tuple(found)


def _begin(isolation: Isolation, policy: Policy) -> ProbeRun | None:
    return None if isinstance(isolation, External | Off) else ProbeRun(isolation, policy)


def _finish(isolation: Isolation, run: ProbeRun | None, policy: Policy) -> tuple[Isolation, ProbeResult]:
    """The probe's result; a ``bwrap`` that lacks an optional flag is tried again without it.

    Where one fails it is tried on an empty workspace too: a repository must not choose the weaker tier.
    """
    if isinstance(isolation, External | Off):
        return isolation, isolation.probe(policy)
    result = run.finish() if run is not None else probe(isolation, policy)
    for _ in OPTIONAL_FLAGS:
        unknown = _UNKNOWN_FLAG.search(result.reason)
        if result.works or unknown is None or not isinstance(isolation, Bubblewrap):
            break
        isolation = isolation.without(frozenset((unknown[1],)))
        result = probe(isolation, policy)
    if not result.works and isinstance(isolation, Bubblewrap) and works_elsewhere(isolation, policy):
        result = replace(result, reason=f"{result.reason} {_HINDERED}", hindered=True)
    return isolation, result
