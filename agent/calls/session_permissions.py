"""The rules of a session, and the yeses that are kept for good: what asking begins with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from seedsmith.agent.errors import ConfigurationError
from seedsmith.agent.settings.permissions.call import RuledCall
from seedsmith.agent.settings.permissions.grants import Grant, KeptGrants, grants_for

if TYPE_CHECKING:
    from seedsmith.agent.settings.permissions.decision import Rulebook, Ruling


class Permissions:
    """What a call is held against; nothing is read or taken apart where it isn't needed."""

    def __init__(self, rules: Rulebook | None = None, kept: Path | None = None, workspace: str = "") -> None:
        """``kept`` is the file of grants; None: none hold, and none are kept."""
        self._rules = rules
        self._kept = KeptGrants(kept) if kept is not None else None
        self._workspace = workspace

    def judge(self, call: RuledCall) -> Ruling | None:
        """What the rules say of ``call``; None where there are none."""
        return self._rules.judge(call) if self._rules is not None else None

    def granted(self, call: RuledCall, files: frozenset[str]) -> bool:
        """Whether a person said yes for good, here; a file of grants that can't be read holds none."""
        if self._kept is None:
            return False
        try:
            return any(grant.covers(call, files) for grant in self._kept.of(self._workspace))
        except ConfigurationError:
            return False

    def offers(self, call: RuledCall, files: frozenset[str]) -> tuple[Grant, ...]:
        """What a yes to ``call`` can be kept as, the narrowest first."""
        return grants_for(call, files) if self._kept is not None else ()

    def keep(self, grant: Grant) -> str:
        """Keep a yes for good, here; the fault as a sentence, '' where there is none."""
        if self._kept is None:
            return ""
        try:
            self._kept.add(grant, self._workspace)
        except ConfigurationError as error:
            return f"What was allowed for good is not kept: {error}"
        return ""
