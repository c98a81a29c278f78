"""A run whose answer stands alone on one stream, with its progress on another."""

from __future__ import annotations

import json
from typing import TextIO

from seedsmith.agent import events
from seedsmith.agent.frontends.console import ConsoleFrontEnd
from seedsmith.agent.frontends.diff_view import show_counts, show_diff
from seedsmith.agent.frontends.display_options import DisplayOptions
from seedsmith.agent.frontends.terminal import visible

_ANSWERED = frozenset({"done", "unverified", "gave_up"})
"""How a run ends whose last words are the model's answer."""


class AnswerAlone(ConsoleFrontEnd):
    """Writes progress as the console does, and the answer alone, once it is whole, to ``answers``.

    What the model says before it calls tools is progress, so its words are held back until it is known what
    they are. Where both streams are one terminal they are shown as they come.
    """

    def __init__(
        self,
        progress: TextIO,
        answers: TextIO,
        shown: DisplayOptions,
        command: str = "run",
        *,
        replays: bool = False,
    ) -> None:
        super().__init__(progress, command, replays=replays)
        self._answers = answers
        self._shown = shown
        self._streams = answers is progress and not shown.quiet
        self._held: list[str] = []
        self._late: list[events.UsageReported] = []
        self.unwritten = ""
        """Why the answer could not be written; '' where it was, or its reader has gone."""

    def _show(self, event: events.Event, session: str) -> None:
        if isinstance(event, events.UsageReported) and self._held:
            self._late.append(event)
            return
        failed = isinstance(event, events.VerifyFinished) and event.exit_code != 0
        if failed or isinstance(event, events.TurnStarted | events.ToolStarted):
            self._release()
        super()._show(event, session)

    def _text(self, delta: str) -> None:
        if self._streams:
            super()._text(delta)
            return
        self._said.append(delta)
        self._held.append(delta)
        self._status(f"answering, {sum(map(len, self._held)):,} characters")

    def _release(self) -> None:
        """What was held back was no answer: it is progress."""
        if self._held:
            held = "".join(self._held)
            self._held.clear()
            self._as_it_is(held.rstrip("\n"))
        self._show_late()

    def _show_late(self) -> None:
        late, self._late = self._late, []
        for event in late:
            super()._show(event, "")

    def _finish(self, event: events.SessionFinished, session: str) -> None:
        said = "".join(self._said).strip()
        if not self._streams and event.status not in _ANSWERED:
            self._release()
        self._held.clear()
        self._show_late()
        if not self._streams and event.status in _ANSWERED:
            self._start_line()
            self._answer(event, said)
        super()._finish(event, session)
        if self._shown.quiet and event.status not in _ANSWERED:
            self._write(self._stream, self._translated(f"seedsmith: {event.message.strip()}"))

    def _answer(self, event: events.SessionFinished, said: str) -> None:
        """Write the answer: the value where a form was asked for, else the model's last words."""
        if event.output is not None:
            answer = json.dumps(event.output, ensure_ascii=False, indent=2)
            if visible(answer) != answer:
                answer = json.dumps(event.output, indent=2)
        else:
            message = event.message.strip()
            if said:
                answer = said if message.startswith(said) else message
            else:
                answer = self._translated(message)
                self._said.append(message)
        self._write(self._answers, answer)

    def _changes(self, event: events.SessionFinished, session: str) -> None:
        if not self._shown.diff:
            if not self._shown.quiet:
                super()._changes(event, session)
            return
        from seedsmith.agent.frontends.rich_console import RunConsole

        console = RunConsole(file=self._answers, markup=False, highlight=False, emoji=False, soft_wrap=True)
        self._write(self._answers, "")
        try:
            show_diff(console, event.diff, limit=len(event.diff))
            show_counts(console, event.diff)
            self._answers.flush()
        except OSError as error:
            self._lost(error)

    def _write(self, stream: TextIO, text: str) -> None:
        try:
            stream.write(f"{visible(text)}\n")
            stream.flush()
        except OSError as error:
            self._lost(error)

    def _lost(self, error: OSError) -> None:
        if not isinstance(error, BrokenPipeError):
            self.unwritten = error.strerror or type(error).__name__

    def _as_it_is(self, text: str, style: str = "") -> None:
        if not self._shown.quiet:
            super()._as_it_is(text, style)

    def _status(self, text: str) -> None:
        if not self._shown.quiet:
            super()._status(text)
