"""What everything in one run works with."""

from __future__ import annotations

from dataclasses import field

from seedsmith.agent.events import EventSink
from seedsmith.agent.loop.budget import Budget
from seedsmith.agent.loop.inbox import Inbox
from seedsmith.agent.models.base import Model
from seedsmith.agent.sessions.session import Session
from seedsmith.sandbox.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class RunContext:
    """The session, who is asked, what it may cost, who sees it, and what a person says meanwhile."""

    session: Session
    model: Model
    budget: Budget
    sink: EventSink
    inbox: Inbox = field(default_factory=Inbox)
