"""Whether a call may run: a policy without side effects, and the interface by which a person is asked.

Approval is for people's convenience and is not the security boundary: the sandbox limits what a call can
reach (docs/sandbox.md). Nothing that the model or the repository says can loosen the policy.
"""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from seedsmith.agent.settings.permissions.call import RuledCall
from seedsmith.agent.settings.permissions.grants import Grant
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.workspace.protected import is_run_by_others
from seedsmith.tools.base import EVERYTHING, OUTSIDE, Access


class Verdict(Enum):
    """What the policy decides about a call."""

    ALLOW = "allow"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict and, unless it is ALLOW, the reason as a clause of a sentence."""

    verdict: Verdict
    why: str = ""
    paths: frozenset[str] = frozenset()
    """The files it is asked for."""


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """What a person is asked about."""

    call_id: str
    tool: str
    what: str
    """The call's arguments in full, as one text; a command is never cut, so that nothing in it is hidden."""
    why: str
    paths: frozenset[str] = frozenset()
    """The files it is asked for."""
    call: RuledCall | None = None
    """The call as grants see it."""
    grants: tuple[Grant, ...] = ()
    """What a yes may be kept as for good, the narrowest first."""

    @property
    def for_session(self) -> tuple[Grant, ...]:
        """What a yes may be kept as for the session, the narrowest first; there is always one."""
        return self.grants or (
            Grant("files", "write", "\n".join(sorted(self.paths)))
            if self.paths
            else Grant("call", self.tool, self.what),
        )

    def covered_by(self, grant: Grant) -> bool:
        """Whether a yes was given to it before, with ``grant``."""
        if self.call is None:
            return grant in self.for_session
        return grant.covers(self.call, self.paths)


@dataclass(frozen=True, slots=True)
class Allowed:
    """The person's yes for good; it is true in a boolean context."""

    grant: Grant


@dataclass(frozen=True, slots=True)
class Refused:
    """The person's no, with what they said about it; it is false in a boolean context."""

    words: str = ""

    def __bool__(self) -> bool:
        return False


class Approver(Protocol):
    """Answers requests for approval: a person at a terminal, an editor, or a batch."""

    async def approve(self, request: ApprovalRequest) -> bool | Allowed | Refused:
        """Say whether the call may run; the words of a refusal reach the model, a yes for good is kept."""


@dataclass(frozen=True, slots=True)
class CallPolicy:
    """The rules of one session, fixed by the user before it began."""

    confined: bool
    """Whether the kernel confines commands (any sandbox but ``off``)."""
    can_ask: bool
    """Whether there is a person to ask. If not, calls that need approval are refused."""

    def decide(self, access: Access) -> Decision:
        """Judge a call by what it touches."""
        if paths := frozenset(filter(is_run_by_others, access.writes)):
            why = f"{' and '.join(sorted(paths))} {'is' if len(paths) == 1 else 'are'} run by other programs"
            return Decision(Verdict.ASK, f"{why} outside the sandbox", paths)
        unknown = any(path == EVERYTHING or path.startswith(OUTSIDE) for path in access.writes)
        if unknown and not self.confined and self.can_ask:
            return Decision(Verdict.ASK, "commands are not confined (--sandbox off)")
        return Decision(Verdict.ALLOW)
