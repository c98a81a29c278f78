"""What a session that was gone on with held, so that a recording of that run can be run again without it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from seedsmith.agent.conversation import Item, ToolOutput
from seedsmith.agent.redact import Redactor
from seedsmith.agent.sessions.session import PutBack, Session, SessionStart, VerifyRecord
from seedsmith.agent.sessions.session_file import item_from_json, item_to_json
from seedsmith.sandbox.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class PriorHistory:
    """A conversation to go on from."""

    model: str
    """With its provider, as the session began."""
    wire: str
    profile: str
    items: tuple[Item, ...]
    results: tuple[ToolOutput, ...]
    """Of calls that have one, though the conversation does not show it yet."""
    verifications: tuple[VerifyRecord, ...]
    changed_settings: tuple[str, ...]
    """The settings that were given for going on."""
    put_back: PutBack | None = None
    """What a person put back since the last answer."""

    @classmethod
    def of(cls, session: Session, changed_settings: frozenset[str]) -> PriorHistory | None:
        """What ``session`` holds; None where it holds nothing yet."""
        if not len(session.conversation):
            return None
        waiting = (session.known_result(call.id) for call in session.conversation.open_calls)
        results = tuple(result for result in waiting if result is not None)
        verifications = tuple(session.verifications)
        start, changed = session.start, tuple(sorted(changed_settings))
        items = session.conversation.items
        begun = (start.model, start.wire, start.profile)
        return cls(*begun, items, results, verifications, changed, session.put_back)

    def begin(self, home: Path, workspace: Path, redactor: Redactor) -> Session:
        """A new session that holds it; raises :class:`SessionError`."""
        start = SessionStart(str(workspace), self.model, self.wire, self.profile, "")
        session = Session.create(home, start, redactor)
        for item in self.items:
            if isinstance(item, ToolOutput):
                session.record_done(item)
            session.append(item)
        for result in self.results:
            session.take_result(result)
        for verification in self.verifications:
            session.record_verification(verification)
        session.put_back = self.put_back
        return session

    def to_json(self) -> dict[str, Any]:
        """A JSON object; :meth:`from_json` is its inverse."""
        return {
            "model": self.model,
            "wire": self.wire,
            "profile": self.profile,
            "items": [item_to_json(item) for item in self.items],
            "results": [item_to_json(result) for result in self.results],
            "verifications": [asdict(verification) for verification in self.verifications],
            "told_anew": list(self.changed_settings),
            **({} if self.put_back is None else {"put_back": asdict(self.put_back)}),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> PriorHistory:
        """The inverse; raises KeyError, TypeError or ValueError on anything else."""
        results = tuple(item_from_json(result) for result in value["results"])
        put_back = value.get("put_back")
        return cls(
            model=str(value["model"]),
            wire=str(value["wire"]),
            profile=str(value["profile"]),
            items=tuple(item_from_json(item) for item in value["items"]),
            results=tuple(result for result in results if isinstance(result, ToolOutput)),
            verifications=tuple(VerifyRecord(**each) for each in value["verifications"]),
            changed_settings=tuple(str(name) for name in value["told_anew"]),
            put_back=None if put_back is None else PutBack(tuple(put_back["paths"]), put_back["count"]),
        )
