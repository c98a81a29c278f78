"""What each question took goes into the session's records, so that it can be told later, turn by turn."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from seedsmith.agent.errors import SessionError
from seedsmith.agent.events import Envelope, TurnStarted, UsageReported
from seedsmith.agent.sessions.session import Session


class UsageRecords:
    """A front end that shows nothing: it counts turns, tokens and money, and records them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def show(self, envelope: Envelope) -> None:
        """Take one event; a full disk is told by the record that can't do without it."""
        session, event = self._session, envelope.event
        if isinstance(event, TurnStarted):
            session.totals = replace(session.totals, turns=session.totals.turns + 1)
        elif isinstance(event, UsageReported):
            with suppress(SessionError):
                self._record(event)

    def _record(self, event: UsageReported) -> None:
        before = self._session.totals
        priced = event.cost_cny is not None
        totals = replace(
            before,
            tokens=before.tokens + event.input_tokens + event.output_tokens,
            cost_cny=(before.cost_cny or 0.0) + (event.cost_cny or 0.0) if priced else before.cost_cny,
            cost_estimated=before.cost_estimated or event.cost_estimated,
        )
        took = {
            "model": event.served_model,
            "input_tokens": event.input_tokens,
            "cached_tokens": event.cached_tokens,
            "output_tokens": event.output_tokens,
            "reasoning_tokens": event.reasoning_tokens,
            "cost_cny": event.cost_cny,
            "cost_estimated": event.cost_estimated,
        }
        self._session.record_usage(took, totals)

    def close(self) -> None:
        """Nothing is held."""
