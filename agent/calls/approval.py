"""Whether a call may run: a pure policy, and the protocol by which a person is asked.

A convenience for people, never the boundary: what a call can reach is held by the sandbox
(docs/sandbox.md). Nothing the model or the repository says widens it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import PurePosixPath
from typing import Protocol

from seedsmith.tools.base import EVERYTHING, Access

_RUN_BY_OTHERS = frozenset(
    {".envrc", ".mcp.json", ".bashrc", ".bash_profile", ".profile", ".zshrc", ".zshenv", ".zprofile"}
)
"""Files that other programs on the host execute when a person opens the folder
(docs/sandbox.md, "File tools")."""

_RUN_BY_EDITORS = frozenset({".vscode/tasks.json", ".vscode/launch.json", ".vscode/settings.json"})


class Verdict(Enum):
    """What policy says of a call."""

    ALLOW = "allow"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict and, unless it is ALLOW, the reason as one clause."""

    verdict: Verdict
    why: str = ""


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """What a person is asked about."""

    call_id: str
    tool: str
    what: str
    """The call's arguments in full, as one text; nothing of a command may be hidden by cutting it."""
    why: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A no, which is false, with what the person said besides."""

    words: str = ""

    def __bool__(self) -> bool:
        return False


class Approver(Protocol):
    """Someone who can say yes or no: a person at a terminal, an editor, a batch."""

    async def approve(self, request: ApprovalRequest) -> bool | Refused:
        """Say whether the call may run; the words of a refusal reach the model."""


@dataclass(frozen=True, slots=True)
class CallPolicy:
    """The rules of one session, fixed by the user before it began."""

    confined: bool
    """Whether the kernel confines commands (any sandbox but ``off``)."""
    can_ask: bool
    """Whether there is a person to ask. If not, what would need asking is refused."""

    def decide(self, access: Access) -> Decision:
        """Judge a call by what it touches."""
        for path in sorted(access.writes):
            if _is_run_by_others(path):
                return Decision(Verdict.ASK, f"{path} is run by other programs outside the sandbox")
        if EVERYTHING in access.writes and not self.confined and self.can_ask:
            return Decision(Verdict.ASK, "commands are not confined (--sandbox off)")
        return Decision(Verdict.ALLOW)


def _is_run_by_others(path: str) -> bool:
    pure = PurePosixPath(path.casefold())
    return pure.name in _RUN_BY_OTHERS or "/".join(pure.parts[-2:]) in _RUN_BY_EDITORS
