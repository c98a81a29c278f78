"""What one run is asked to do, as one value that is built once and handed down whole."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from seedsmith.agent.settings.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """One run as it is asked for; where it goes on with a session, ``settings.resume`` names it."""

    settings: Settings
    prompt: str = ""
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    """The user's; this process's unless given."""
    fixing: bool = False
    """Whether all there is to do is to make ``settings.verify`` pass, which a small model does by a search of
    its own (``agent/repair``)."""
    typed: bool = False
    """Whether a person typed the prompt, so that paths of pictures in it stand for the pictures."""
    piped: str = ""
    """How the prompt ends where data was piped in beside it, which nobody typed."""
    borrowed: tuple[Path, ...] = ()
    """The object folders that the workspace, a clone of ours, borrows from: shown to commands, read-only."""
