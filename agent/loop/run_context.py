"""What everything in one run works with."""

from __future__ import annotations

from dataclasses import dataclass

from seedsmith.agent.events import EventSink
from seedsmith.agent.loop.budget import Budget
from seedsmith.agent.models.base import Model
from seedsmith.agent.sessions.session import Session


@dataclass(frozen=True, slots=True)
class RunContext:
    """The session, who is asked, what it may cost, and who sees it."""

    session: Session
    model: Model
    budget: Budget
    sink: EventSink
