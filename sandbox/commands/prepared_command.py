"""One command with all that it is run with."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from seedsmith.sandbox.commands.control_group import ControlGroup
from seedsmith.sandbox.commands.credentials import Given
from seedsmith.sandbox.isolation.base import Isolation, Policy
from seedsmith.sandbox.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class PreparedCommand:
    """A command that is ready to be started: its words, and what it is run under and with."""

    isolation: Isolation
    policy: Policy
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    given: Given | None = None
    began: float = field(default_factory=time.time)
    errors: int | None = None
    """Descriptor that its standard error goes to; None: where its output goes."""
    group: ControlGroup | None = None
    notes: list[str] = field(default_factory=list)
    """Sentences on what was met when it began."""

    @property
    def door(self) -> Path | None:
        """The file into which its number is written to put it into its control group."""
        return self.group.door if self.group is not None else None

    def let_go(self) -> list[str]:
        """Forget what it was given; a sentence where its group had to be ended."""
        if self.given is not None:
            self.given.forget()
        return self.group.close() if self.group is not None else []
