"""Shows the runs of a conversation: whole blocks scroll up, what is under way stands above the prompt."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, TextIO

from seedsmith.agent import events
from seedsmith.agent.frontends.console import ConsoleFrontEnd
from seedsmith.agent.frontends.conversation.edit_view import counted_files, show_change
from seedsmith.agent.frontends.conversation.live_output import activity, fitted
from seedsmith.agent.frontends.languages.language import Words
from seedsmith.agent.frontends.terminal import visible
from seedsmith.agent.sessions.outcome import INTERRUPTED_MESSAGE, UNVERIFIED

if TYPE_CHECKING:
    from rich.console import Console

_TAIL_LINES = 6
"""So many lines of an answer's unfinished block are shown above the prompt."""
_ECHOED_LINES = 10
"""So many lines of a message are shown behind its first."""
_FENCES = ("```", "~~~")


class ScreenFrontEnd(ConsoleFrontEnd):
    """The console's front end for a stream that a prompt stands below.

    What the console shows in a line that the next one replaces is kept in :meth:`under_way` for the prompt.
    """

    def __init__(
        self, stream: TextIO, changed: Callable[[], None], words: Words, *, plain: bool = False
    ) -> None:
        """``changed`` is called when :meth:`under_way` says something else.

        ``plain`` leaves out what only eyes make sense of: laid out Markdown, lines that are replaced.
        """
        super().__init__(stream)
        self._changed = changed
        self._words = words
        self._plain = plain
        self._activity = ""
        self._since = 0.0
        self._block = ""
        self._follows = False
        self._thinking: list[str] = []
        self._session_shown = False
        self.diff_shown = ""
        """What all runs changed, as it was told at the end of one."""
        self._estimated = False
        self._answered = ""
        self._told_of_verify = False
        self.last_thoughts = ""
        """The model's last thinking, whole."""

    def under_way(self, width: int) -> list[str]:
        """What goes on now, as lines of at most ``width`` characters: the answer's end, and the activity."""
        lines = [fitted(line, width) for line in self._block.splitlines()[-_TAIL_LINES:]]
        if self._activity:
            lines.append(activity(self._words, self._activity, self._since, width))
        return lines

    def idle(self) -> None:
        """Nothing goes on any more."""
        self._start_line()
        self._activity = ""
        self._changed()

    @contextmanager
    def prompted(self) -> Iterator[None]:
        """While a prompt stands; in a plain terminal what comes then begins below it."""
        self._at_line_start = not self._plain
        try:
            yield
        finally:
            self._at_line_start = True

    def say(self, text: str, style: str = "") -> None:
        """Show a sentence of the program's own, or of others: it is made harmless."""
        self._as_it_is(text, style)

    def echo(self, message: str) -> None:
        """Show what the person said, as it was taken."""
        first, *more = message.splitlines() or [""]
        for line in ("", f"> {first}", *(f"  {line}" for line in more[:_ECHOED_LINES])):
            self._as_it_is(line, "bold")
        if left := len(more[_ECHOED_LINES:]):
            self._as_it_is(f"  {self._words('echo.more', lines=left)}", "dim")

    def show_whole_diff(self, diff: str) -> None:
        """Show a diff of any length."""
        show_change(self._console, diff, self._words, most=sys.maxsize)

    @property
    def _console(self) -> Console:
        """One that breaks lines between words: the prompt below knows where they end."""
        if self._rich is None:
            from rich.console import Console

            self._rich = Console(file=self._stream, markup=False, highlight=False, emoji=False)
        return self._rich

    def _show(self, event: events.Event, session: str) -> None:
        if isinstance(event, events.Reasoning):
            self._thinking.append(event.delta)
        elif self._thinking:
            self.last_thoughts = "".join(self._thinking)
            self._thinking.clear()
        # The status line has the figures, and a question is put whole where it is answered.
        if self._plain or not isinstance(event, events.UsageReported | events.ApprovalRequested):
            super()._show(event, session)
        else:
            self._start_line()

    def _session(self, event: events.SessionStarted, session: str) -> None:
        if not self._session_shown:
            self._session_shown = True
            super()._session(event, session)

    def _notice(self, event: events.NoticeGiven) -> None:
        if event.code == "message":
            self.echo(event.message)
            return
        shown_before, self._estimated = self._estimated, self._estimated or event.code == "cost_estimate"
        if event.code != "cost_estimate" or not shown_before:
            super()._notice(event)
        if event.code == "retry" and self._activity == self._words("answers"):  # it does so no more
            self._status(self._words("waits_for_model"))

    def _text(self, delta: str) -> None:
        self._said.append(delta)
        whole, self._block = _whole_blocks(self._block + delta)
        if whole.strip():
            self._markdown(whole)
        if not self._plain:
            self._status(self._words("answers"))
        self._changed()

    def _tool(self, event: events.ToolFinished) -> None:
        super()._tool(event)
        diff = event.data.get("diff")
        if event.ok and isinstance(diff, str) and diff:
            show_change(self._console, diff, self._words)

    def _finish(self, event: events.SessionFinished, session: str) -> None:
        self._start_line()
        if event.diff and event.diff == self.diff_shown:  # all of it by turns before
            event = replace(event, files_changed=[], undo="")
        elif event.diff:
            self.diff_shown = event.diff
            self._line("")
            for line in counted_files(event.diff, self._words):
                self._as_it_is(line, "dim")
        super()._finish(replace(event, diff="", undo="", message=self._news(event)), "")
        if event.undo:
            self._as_it_is(self._words("undo.hint"), "dim")

    def _news(self, event: events.SessionFinished) -> str:
        """What the run's last message says that is new: a run without an answer repeats an old one."""
        said, before = "".join(self._said).strip(), self._answered
        self._answered = said or before
        message = event.message.replace(UNVERIFIED, "").strip()
        if event.status == "interrupted":  # a word that the person needs no telling
            message = message.removesuffix(INTERRUPTED_MESSAGE).strip() or said
        elif event.files_changed and event.verified is None and not self._told_of_verify:
            self._told_of_verify = True
            message = f"{message}\n\n{self._words('verify.hint')}".strip()
        return message if said or not before else message.removeprefix(before).strip()

    def _translated(self, sentence: str) -> str:
        return self._words.told(sentence)

    def _start_line(self) -> None:
        if self._block:
            block, self._block = self._block, ""
            self._markdown(block)
        self._leave_prompt()
        self._follows = False

    def _leave_prompt(self) -> None:
        """Begin below a prompt that stands where nothing is drawn anew."""
        if not self._at_line_start:
            self._stream.write("\n")
            self._at_line_start = True

    @property
    def _moves(self) -> bool:
        return True

    def _status(self, text: str) -> None:
        activity = self._words.told(text)
        if activity != self._activity:
            self._activity, self._since = activity, time.monotonic()
            if self._plain and not text.startswith("thinking"):
                self._line(f"- {text}", "dim")
        self._changed()

    def _clear_status(self) -> None:
        """Nothing was written that would have to go."""

    def _markdown(self, text: str) -> None:
        """Show a block of an answer, apart from the one before."""
        self._leave_prompt()
        if self._follows:
            self._console.print()
        self._follows = True
        if self._plain:
            from rich.text import Text

            self._console.print(Text(visible(text.strip("\n"))))
            return
        from seedsmith.agent.frontends.conversation.answer_layout import laid_out

        self._console.print(laid_out(self._console, visible(text.strip("\n"))))


def _whole_blocks(text: str) -> tuple[str, str]:
    """``text`` up to its last blank line outside of fenced code, and the rest."""
    end = position = 0
    fenced = False
    for line in text.splitlines(keepends=True):
        position += len(line)
        if line.lstrip().startswith(_FENCES):
            fenced = not fenced
        if not fenced and not line.strip() and line.endswith("\n"):
            end = position
    return text[:end], text[end:]
