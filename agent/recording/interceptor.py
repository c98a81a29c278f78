"""The interface of a recorder and a replayer, and the facts about the run that they are given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from seedsmith.agent.context.profile import Profile
from seedsmith.agent.events import EventSink
from seedsmith.agent.models.base import Model
from seedsmith.agent.models.catalog.entries import Catalog
from seedsmith.agent.models.network.transport import TransportInterceptor
from seedsmith.agent.recording.format import Line
from seedsmith.agent.sessions.outcome import Outcome
from seedsmith.agent.sessions.prior_history import PriorHistory
from seedsmith.agent.sessions.run_place import Place
from seedsmith.agent.settings.run_request import RunRequest
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.base import Image

if TYPE_CHECKING:
    from seedsmith.agent.loop.output_schema import OutputSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What is known of a run once everything it needs is open."""

    request: RunRequest
    """What it is asked to do, with the settings it goes by."""
    model: Model
    profile: Profile
    place: Place
    images: tuple[Image, ...]
    """The pictures that go with the prompt."""
    known: Catalog
    """The catalog the run goes by."""
    output: OutputSchema | None = None
    """What the final message must follow, if anything."""
    skill: str = ""
    """The folder of the named skill, if one was."""
    carried: PriorHistory | None = None
    """What the session held, where the run goes on with one."""


class RunInterceptor(TransportInterceptor, Protocol):
    """A recorder or a replayer: it takes requests and answers on the wire, and the session's records."""

    asked: RunRequest
    """What the run is asked to do: a replay takes it from its recording."""

    @property
    def images(self) -> tuple[Image, ...]:
        """The images of a replayed prompt; empty if the run is recorded."""

    @property
    def known(self) -> Catalog | None:
        """The catalog of a replayed run, which uses no files of this machine; None: this machine's."""

    @property
    def output(self) -> OutputSchema | None:
        """The schema of a replayed run's final message; None: the one the settings name."""

    @property
    def carried(self) -> PriorHistory | None:
        """What the session of a replayed run holds from before; None where it begins one."""

    async def begin(self, facts: RunFacts, sink: EventSink) -> None:
        """Examine the workspace before anything runs; notices for people go to ``sink``."""

    def observe(self, record: Line) -> None:
        """Take one of the session's records (:mod:`seedsmith.agent.sessions.session`), as it is written."""

    def measured(self, seconds: float) -> float:
        """Take a measured time that decisions depend on; return the time to use instead."""

    def found(self, lines: Mapping[str, Mapping[int, float]]) -> Mapping[str, Mapping[int, float]]:
        """Take what experiments with a time limit said of each line; return what to go by instead."""

    def recent(self, lines: Mapping[str, Mapping[int, float]]) -> Mapping[str, Mapping[int, float]]:
        """Take how new each line is by the repository's history; return what to go by instead."""

    async def conclude(self, outcome: Outcome) -> Outcome:
        """Take the outcome of the run that has ended; return the outcome to show."""

    def close(self) -> None:
        """Close all open files."""
