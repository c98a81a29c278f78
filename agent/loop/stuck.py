"""Detects a model that goes in circles: empty answers, and the same call again and again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable

from seedsmith.agent.conversation import ToolCall
from seedsmith.sandbox.lazy_dataclass import dataclass

REPEATS = 3
"""So many answers with the same call and no change in between count as a circle."""

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Repeated:
    """A call that was made too often."""

    call: ToolCall
    again: bool
    """Whether one was reported before and nothing has changed since."""


class RepeatWatch:
    """Counts identical calls between changes of the workspace.

    A change is a call that may have changed something and was not made before: alternating between two
    commands, or doing and undoing one edit, is no progress. A call that stands twice in one answer
    counts once.
    """

    def __init__(self) -> None:
        self._made: set[Key] = set()
        self._counts: Counter[Key] = Counter()
        self._reported = False

    def observe(self, calls: Iterable[ToolCall], changing: Iterable[ToolCall]) -> Repeated | None:
        """Count one answer's calls; ``changing`` are those that may have changed something.

        Returns a call that was made too often, and then starts counting anew.
        """
        fresh = {_key(call) for call in changing} - self._made
        if fresh:
            self._made |= fresh
            self._counts.clear()
            self._reported = False
        answered = {_key(call): call for call in calls}
        self._counts.update(answered.keys())
        stuck = next((call for key, call in answered.items() if self._counts[key] >= REPEATS), None)
        if stuck is None:
            return None
        again, self._reported = self._reported, True
        self._counts.clear()
        return Repeated(stuck, again)


def _key(call: ToolCall) -> Key:
    """A key that is equal for equal calls, whatever the white space and key order of their arguments."""
    try:
        arguments = json.dumps(json.loads(call.arguments), sort_keys=True)
    except (ValueError, RecursionError):
        arguments = call.arguments
    return (call.name, arguments)
