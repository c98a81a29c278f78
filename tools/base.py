"""The seam between the model's calls and the rooms below: Tool, ToolContext, ToolResult, Access."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from seedsmith.sandbox.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from concurrent.futures import Future

    from seedsmith.sandbox.commands.background import BackgroundCommands
    from seedsmith.sandbox.commands.process import ProcessRunner
    from seedsmith.sandbox.workspace.spill import SpillStore
    from seedsmith.sandbox.workspace.workspace import Workspace

JsonObject = dict[str, Any]

EVERYTHING = "*"
"""The resource name that conflicts with every path: a shell command may touch anything."""

OUTSIDE = "outside:"
"""Begins the name of a resource that only some other program knows; what it can do is not known here."""

BACKGROUND = "background:"
"""Begins the resource name of a background command; its id follows."""


class ToolError(Exception):
    """A call the tool refuses or can't carry out; the message goes to the model as it stands."""


class InvalidArguments(ToolError):
    """The arguments don't fit the tool's schema."""


class Effect(Enum):
    """What running a call can do to the world, which decides when it may start."""

    NONE = "none"
    """Reads only: may start while the answer still streams, may be run twice."""
    WORKSPACE = "workspace"
    """Changes the workspace or runs commands in it: waits for the complete answer."""


@dataclass(frozen=True, slots=True)
class Access:
    """The resources one call touches: workspace paths, or :data:`EVERYTHING`."""

    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    early: bool = True
    """Whether a call without effects may start while the answer still streams; asking a person may not."""

    @property
    def effect(self) -> Effect:
        """NONE where nothing is written."""
        return Effect.WORKSPACE if self.writes else Effect.NONE

    def conflicts_with(self, other: Access) -> bool:
        """Whether the two calls must keep their order."""
        return (
            _overlap(self.writes, other.writes)
            or _overlap(self.writes, other.reads)
            or _overlap(self.reads, other.writes)
        )


def _overlap(first: frozenset[str], second: frozenset[str]) -> bool:
    if not first or not second:
        return False
    if EVERYTHING in first or EVERYTHING in second:
        return True
    return any(
        a == b or a.startswith(b.rstrip("/") + "/") or b.startswith(a.rstrip("/") + "/") or "." in (a, b)
        for a in first
        for b in second
    )


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """What the model is told about a tool."""

    name: str
    description: str
    parameters: JsonObject
    """A flat JSON schema: no ``$defs``, no titles (docs/model-service.md, "Tools")."""


@dataclass(frozen=True, slots=True)
class Image:
    """A picture shown to a model that sees."""

    data: bytes = field(repr=False)
    """The file itself, in a format the services take."""
    media_type: str
    """E.g. ``image/png``."""
    name: str = ""
    """Where it came from, for people and for the model."""
    detail: str = ""
    """How closely to look: ``low``, ``high``, or '' for the service's own choice."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a call gives back: text for the model, data for front ends and tests."""

    ok: bool
    text: str
    data: JsonObject = field(default_factory=dict)
    summary: str = ""
    """One short line for people, e.g. ``3 matches in 2 files``."""
    pending: bool = False
    """Whether the call looked at something that goes on by itself, so that making it again is progress."""
    images: tuple[Image, ...] = ()
    """Pictures the model is to see; on the wire they follow the result as a message of their own."""


def _no_background_commands() -> BackgroundCommands:
    from seedsmith.sandbox.commands.background import BackgroundCommands

    return BackgroundCommands()


@dataclass(frozen=True, slots=True)
class Seen:
    """A file's content as the model last saw it."""

    digest: str | Future[str] = ""
    """Of the content, for a large file still being worked out; empty where there is none."""
    version: str = ""
    """What ``stat`` said of a large file: where it says so still, the content need not be digested again."""


@dataclass(frozen=True, slots=True)
class TrackedIgnored:
    """The files git tracks although a rule ignores them, as of ``stamp``, which says when to ask again."""

    stamp: str = ""
    names: tuple[str, ...] = ()
    """Relative to the workspace."""


@dataclass(slots=True)
class ToolContext:
    """Everything a tool may reach; built once a session, the same for all tools."""

    workspace: Workspace
    processes: ProcessRunner
    spills: SpillStore
    seen: dict[str, Seen] = field(default_factory=dict)
    """What the model saw of each file, keyed by workspace-relative path."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Extra variables for commands (never keys)."""
    background: BackgroundCommands = field(default_factory=_no_background_commands)
    """Commands that outlive their call; whoever opens the context ends them with the session."""
    background_after: float = 120.0
    """After so many seconds a command that is awaited, and has no deadline, goes on in the background."""
    ignored: tuple[str, ...] = ()
    """Paths that searches leave out besides those of ``.gitignore``, as globs from the workspace's root."""
    tracked_ignored: TrackedIgnored = TrackedIgnored()
    """What searches have to add to what ``.gitignore`` leaves them."""
    git_remote: str = "off"
    """What the user lets git do with remotes: ``off``, ``fetch``, or ``push``, which holds fetching."""

    @contextmanager
    def approving(self, paths: frozenset[str]) -> Iterator[None]:
        """Let the protected ``paths`` be written meanwhile, and stay as they are then: a person said so."""
        if not paths:
            yield
            return
        try:
            with self.workspace.approving(paths):
                yield
        finally:
            self.processes.accept(paths)


class Tool(Protocol):
    """One thing the model can do (docs/decisions.md, "Tools are a protocol").

    Pydantic classes are one way to write it.
    """

    @property
    def spec(self) -> ToolSpec:
        """Name, description and parameters, frozen at session start."""

    def parse(self, arguments: JsonObject) -> Any:
        """Check ``arguments``; raise :class:`InvalidArguments` saying what is wrong and what fits."""

    def access(self, parsed: Any) -> Access:
        """Which resources this call would touch; pure, nothing is opened."""

    async def run(self, parsed: Any, context: ToolContext) -> ToolResult:
        """Do it. Refusals are :class:`ToolError`; cancelling must leave nothing half-done."""
