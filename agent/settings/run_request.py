"""What one run is asked to do, as one value that is built once and handed down whole."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field
from pathlib import Path

from seedsmith.agent.settings.settings import Settings
from seedsmith.sandbox.lazy_dataclass import dataclass

Buffers = Callable[[Path], Awaitable[str | None]]
"""Asks an editor for its text of a file, saved or not; None where it has none."""


@dataclass(frozen=True, slots=True)
class CopyOf:
    """The folder that a workspace is a copy of."""

    folder: Path
    shared: tuple[str, ...] = ()
    """Folders of it, relative, that commands are shown in the copy, read-only, and the copy does not hold."""


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
    behind_name: bool = False
    """Whether the prompt is what a person typed behind a skill's ``/NAME``, where there is no ``--with``."""
    piped: str = ""
    """How the prompt ends where data was piped in beside it, which nobody typed."""
    borrowed: tuple[Path, ...] = ()
    """The object folders that the workspace, a clone of ours, borrows from: shown to commands, read-only."""
    session: str = ""
    """The id of the session to begin, where somebody was told it before; '' for a new one."""
    buffers: Buffers | None = None
    """Knows what is typed in an editor and not saved yet, where the run is an editor's."""
    parent: str = ""
    """The session whose call this run is; '' for a run of its own. It only reads, but in a copy."""
    copy_of: CopyOf | None = None
    """What the workspace is a copy of, where it is one that only this run works in."""
    offered_tools: frozenset[str] | None = None
    """Names of the tools that are offered; None: all."""

    @property
    def delegates(self) -> bool:
        """Whether skills that ask for it are carried out by helpers."""
        settings = self.settings
        alone = self.parent or self.fixing or settings.record or settings.replay or settings.approve == "plan"
        return settings.subagents is not False and not alone
