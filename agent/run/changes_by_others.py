"""When nothing of a run's own was at work, so that what changed then is people's doing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import field
from pathlib import Path
from typing import NamedTuple

from seedsmith.agent.events import (
    Envelope,
    Reasoning,
    Text,
    ToolFinished,
    ToolStarted,
    TurnStarted,
    UsageReported,
)
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.snapshots.manifest_rows import Difference

_CLOCK_REALTIME_COARSE = 5
"""Linux's, by which file systems stamp; the module ``time`` does not name it."""


@dataclass(slots=True)
class Span:
    """A time, in nanoseconds since the epoch, that is rather too short than too long."""

    began: int
    ended: int | None = None

    def holds(self, moment: int) -> bool:
        """Whether ``moment`` lies in it; it may go on still."""
        return self.began < moment and (self.ended is None or moment < self.ended)


@dataclass(slots=True)
class IdleWatch:
    """A front end that sees when the model is asked: the run does nothing then but wait for the answer.

    ``asked`` is called with every question, ``answered`` when an answer begins. ``busy`` says whether
    something of the run's may be at work all the same: commands in the background, hooks.
    """

    asked: Callable[[], None]
    answered: Callable[[], None]
    busy: Callable[[], bool] = lambda: False
    spans: list[Span] = field(default_factory=list)
    _calls: set[str] = field(default_factory=set)
    """Those that run now."""
    waits: bool = False
    """Whether the run waits for an answer, with none of its calls at work."""
    acted: int | None = 0
    """When the run changed something first since the newest snapshot was begun; None: it did not."""

    def show(self, envelope: Envelope) -> None:
        """Follow the run by its events."""
        match envelope.event:
            case TurnStarted():
                self.waits = not self._calls
                self.asked()
                if self.busy():
                    self.acted = 0
                elif (
                    not self._open and not self._calls
                ):  # else a helper asks, while the run's calls are at work
                    self.spans.append(Span(time.time_ns()))
            case ToolStarted(call=call):
                self._calls.add(call)
            case ToolFinished(call=call):
                self._calls.discard(call)
            case Text() | Reasoning():
                self.answered()
            case UsageReported():
                self.end()
                self.answered()
            case _:
                pass

    def close(self) -> None:
        """Nothing is held."""

    def end(self) -> None:
        """The answer is there: from now on the run may be at work."""
        self.waits = False
        if self._open:
            self.spans[-1].ended = coarse_now()

    def act(self) -> None:
        """The run changes something now."""
        self.end()
        if self.acted is None:
            self.acted = coarse_now()

    def rest(self) -> None:
        """What the run changed so far is in a snapshot that is about to be begun."""
        self.acted = 0 if self.busy() else None

    @property
    def _open(self) -> bool:
        return bool(self.spans) and self.spans[-1].ended is None


def coarse_now() -> int:
    """A time in nanoseconds: no file is stamped as before it from now on, while ``time_ns`` may be ahead."""
    return time.clock_gettime_ns(_CLOCK_REALTIME_COARSE)


class ChangesByOthers(NamedTuple):
    """What others than the run changed between two snapshots."""

    alone: tuple[str, ...] = ()
    """The run did nothing to these."""
    too: tuple[str, ...] = ()
    """To these it may have done something, too."""


def changed_by_others(
    root: Path, found: Iterable[Difference], spans: tuple[Span, ...], acted: int | None
) -> ChangesByOthers:
    """What of the differences between two snapshots was done in the ``spans``, by others.

    ``acted`` is when the run changed something first between the two, None if it did not. If it did, what is
    there tells by its stamp when it was changed last; of what is gone nobody knows, and that counts as the
    run's. What others changed later than the run may show in place of what that did.
    """
    if acted is None:
        return ChangesByOthers(tuple(each.path for each in found))
    if not spans:
        return ChangesByOthers()
    stamps = {each.path: _stamp(root, each.path) for each in found if each.new is not None}
    others = {path: stamp for path, stamp in stamps.items() if _in_any(spans, stamp)}
    alone = tuple(path for path, stamp in others.items() if stamp < acted)
    return ChangesByOthers(alone, tuple(path for path, stamp in others.items() if stamp >= acted))


def touched_by_others(root: Path, paths: Iterable[str], spans: tuple[Span, ...]) -> list[str]:
    """Which of the ``paths`` that the run is about to change were changed in ``spans``, by others."""
    return [path for path in paths if _in_any(spans, _stamp(root, path))]


def _in_any(spans: tuple[Span, ...], stamp: int) -> bool:
    return any(span.holds(stamp) for span in spans)


def _stamp(root: Path, path: str) -> int:
    """When what is at ``path`` was changed last; 0 where nobody knows."""
    with suppress(OSError):
        return os.lstat(root / path).st_ctime_ns
    return 0
