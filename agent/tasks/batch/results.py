"""What became of one item, as it is kept and reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, field
from typing import Any, Literal

from seedsmith.sandbox.lazy_dataclass import dataclass

State = Literal["verified", "done", "unchanged", "skipped", "failed"]
Cause = Literal[
    "",
    "repository",
    "uncommitted",
    "setup",
    "step",
    "model",
    "verify",
    "deliver",
    "budget",
    "tries",
    "internal",
]


@dataclass(frozen=True, slots=True)
class StepResult:
    """What became of one step."""

    title: str
    kind: str
    state: Literal["done", "left out", "failed"]
    message: str = ""
    seconds: float = 0.0
    cost: float | None = None
    """Yuan; None where no model was asked, or no price is known."""
    session: str = ""
    """The session of a step that asked a model."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What the verify command showed."""

    command: str
    before: int | None
    after: int | None
    output: str = ""
    """The end of what it printed, where it failed."""


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """One of several attempts, for the reasons of a choice."""

    number: int
    proven: bool
    reason: str
    changed_lines: int = 0
    tests_changed: tuple[str, ...] = ()
    cost: float | None = None
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What became of one item."""

    state: State
    cause: Cause = ""
    message: str = ""
    """One sentence."""
    steps: tuple[StepResult, ...] = ()
    verification: Verification | None = None
    files: tuple[str, ...] = ()
    added: int = 0
    removed: int = 0
    commit: str = ""
    base: str = ""
    delivered: tuple[str, ...] = ()
    """What was handed over, e.g. ``branch rename``."""
    seconds: float = 0.0
    attempts: tuple[AttemptResult, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """As the database and the JSON report have it."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> ItemResult:
        """The inverse of :meth:`to_json`."""
        steps = tuple(StepResult(**each) for each in value["steps"])
        attempts = tuple(AttemptResult(**each) for each in value["attempts"])
        verification = Verification(**value["verification"]) if value["verification"] else None
        plain = {name: tuple(value[name]) for name in ("files", "delivered")}
        return cls(**{**value, **plain, "steps": steps, "verification": verification, "attempts": attempts})
