"""Events for people at a terminal, or in a file when there is none."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TextIO

from seedsmith.agent import events
from seedsmith.agent.frontends.diff_view import show_diff
from seedsmith.agent.frontends.figures import duration, limit, tokens, usage, yuan
from seedsmith.agent.frontends.line_wrapping import LEAST_WIDTH, as_told, prose, screen_width
from seedsmith.agent.frontends.terminal import one_line, visible
from seedsmith.agent.frontends.waiting_line import WaitingLine
from seedsmith.agent.frontends.word_stream import WordStream
from seedsmith.agent.sessions.resume_command import resume_command
from seedsmith.tools.text import count

if TYPE_CHECKING:
    from rich.console import Console

VERIFY_LINES = 12
"""How much of a failing verification's output is shown; the model gets it all."""
_WEAKER = {
    "landlock": ", the weaker tier (seedsmith doctor says what is missing)",
    "external": ", by your word",
    "off": ", commands can do whatever you can",
    "none": " works here",
}
"""What is said beside the name of anything but the strong sandbox."""
_PROGRESS = frozenset({"cost_estimate", "suspects", "instructions", "image", "kept", "snapshot", "proven"})
"""Notices that say how far a run is, nothing to worry about."""
_AWAITED = frozenset({"model_download", "model_waiting", "model_load", "old_side"})
"""Notices of what takes its time."""
_DELETED = re.compile(r"^deleted file mode", re.MULTILINE)
_MAIN_ARGUMENTS = ("command", "path", "pattern", "message", "question", "task")
_LEAST_OF_A_CALL = 24
"""So many characters of a call are shown however narrow the terminal is."""
_WITHOUT_ARGUMENTS = frozenset({"todo"})
"""Tools whose arguments are shown by their result."""
_ASKING = frozenset({"ask"})
"""Tools during which a person types: no line that is replaced may stand in their way."""
_STEP_MARKS = {"pending": "[ ]", "active": "[>]", "done": "[x]"}
_STEP_STYLES = {"pending": "", "active": "bold", "done": "dim"}


class ConsoleFrontEnd:
    """Shows a run as it happens; words of the model and the repository are neither markup nor controls."""

    def __init__(self, stream: TextIO, command: str = "run", *, replays: bool = False) -> None:
        """``command`` is the one by which a person goes on with the session.

        ``replays`` says that answers are recorded ones, which nobody pays.
        """
        self._stream = stream
        self._command = command
        self._workspace = ""
        self._rich: Console | None = None
        self._at_line_start = True
        self._waiting = WaitingLine(stream)
        self._streamed = WordStream()
        self._thought = 0
        self._said: list[str] = []
        self._running: dict[str, str] = {}
        self._searching = False
        self._checks = 0
        self._proves = True
        self._last = ""
        self._gone = False
        self._replays = replays

    def show(self, envelope: events.Envelope) -> None:
        """Show one event; whatever goes wrong here stays here."""
        if self._gone:
            return
        try:
            self._show(envelope.event, envelope.session)
            self._stream.flush()
        except OSError:
            self._gone = True
        except Exception as error:
            self._gone = self._stream.closed
            with contextlib.suppress(OSError, ValueError):
                sentence = self._translated(f"{envelope.event.type} can't be shown: {type(error).__name__}")
                self._stream.write(f"({sentence})\n")

    def close(self) -> None:
        """Leave the cursor at the start of a line."""
        with contextlib.suppress(OSError, ValueError):
            if not self._gone:
                self._start_line()
                self._stream.flush()

    @property
    def _console(self) -> Console:
        """Made late; it is only ever given ``Text``, which it reads neither for markup nor for emoji."""
        if self._rich is None:
            from seedsmith.agent.frontends.rich_console import RunConsole

            self._rich = RunConsole(
                file=self._stream, markup=False, highlight=False, emoji=False, soft_wrap=True
            )
        return self._rich

    def _show(self, event: events.Event, session: str) -> None:
        if not isinstance(event, events.Reasoning):
            self._fold_reasoning()
        match event:
            case events.SessionStarted():
                self._last = ""
                self._session(event, session)
            case events.TurnStarted():
                self._said.clear()
                if not self._searching:
                    self._status(f"turn {event.turn}: waiting for the model")
            case events.Text(delta=delta):
                self._text(delta)
            case events.Reasoning(delta=delta):
                self._thought += len(delta)
                self._status(f"thinking, {self._thought:,} characters")
            case events.ToolStarted():
                if event.call.startswith((events.TRY, events.TAKE_BACK)):
                    self._running[event.call] = _tried(event.arguments)
                elif event.name in _ASKING:
                    self._running[event.call] = _call(event.name, event.arguments)
                    self._start_line()
                else:
                    self._running[event.call] = _call(event.name, event.arguments)
                    self._status(self._running[event.call])
            case events.ToolFinished():
                self._tool(event)
            case events.ApprovalRequested(why=why):
                self._line(f"{self._mark('?')} needs your word: {why}", "yellow")
            case events.UsageReported():
                if not self._searching:
                    self._line(usage(event, paid=not self._replays), "dim")
            case events.Compacted():
                self._line(
                    f"history shortened, {event.before:,} to {event.after:,} tokens: {event.why}", "dim"
                )
            case events.VerifyStarted(command=command):
                self._wait(f"verify: {command}", on_its_own=not self._checks)
            case events.VerifyFinished():
                self._verify(event)
            case events.NoticeGiven():
                self._notice(event)
            case events.ReplayDiverged():
                self._line(f"! diverged (line {event.line}): {event.what}", "yellow")
                show_diff(self._console, event.diff)
            case events.SessionFinished():
                self._finish(event, session)

    def _session(self, event: events.SessionStarted, session: str) -> None:
        self._workspace = event.workspace
        model = f"{event.provider}/{event.model}".removeprefix("/")
        self._line(f"{model} over {event.wire} in {event.workspace}", "bold")
        warning = _WEAKER.get(event.sandbox, "")
        self._line(f"sandbox: {event.sandbox}{warning}", "yellow" if warning else "dim")
        if not event.git:
            self._line("no git repository: the diff is against what the folder held at the start", "dim")
        if limits := [limit(name, value) for name, value in event.budget.items() if value]:
            self._line(f"budget: {', '.join(limits)}", "dim")
        if session:
            self._line(f"session {session}", "dim")

    def _text(self, delta: str) -> None:
        self._clear_status()
        self._said.append(delta)
        shown = visible(delta)
        self._write_text(self._streamed.take(shown, self._width) if self._console.is_terminal else shown)

    def _write_text(self, text: str) -> None:
        self._stream.write(text)
        if text:
            self._at_line_start = text.endswith("\n")

    def _wait(self, what: str, *, on_its_own: bool = True) -> None:
        """Say what is waited for: in the line that moves, or where there is none on one of its own."""
        if self._moves:
            self._status(what)
        elif on_its_own:
            self._as_it_is(f"- {self._translated(what)} …", "dim")

    def _fold_reasoning(self) -> None:
        if self._thought:
            thought, self._thought = self._thought, 0
            self._line(f"thought, {thought:,} characters", "dim italic")

    def _notice(self, event: events.NoticeGiven) -> None:
        if event.code == "question":
            self._status(event.message)
            return
        if self._replays and event.code == "cost_estimate":
            return
        if event.code in _AWAITED:
            self._wait(event.message.rstrip("."))
            return
        self._searching = self._searching or event.code == "suspects"
        progress = event.code in _PROGRESS
        self._line(f"{'-' if progress else '!'} {event.message}", "dim" if progress else "yellow")

    def _tool(self, event: events.ToolFinished) -> None:
        call = self._running.pop(event.call, event.call)
        if event.call.startswith(events.TAKE_BACK):
            return
        if event.call.startswith(events.TRY) and event.ok:
            self._line(one_line(f"· tried in {call}", self._room(0)), "dim")
            return
        self._last = "" if event.ok else "refused" if event.data.get(events.REFUSED) else "failed"
        mark = self._mark("✓" if event.ok else "✗")
        summary = _beside(call, self._translated(event.summary))
        summary = f" · {one_line(summary, 120)}" if summary else ""
        took = f" · {duration(event.duration_ms)}"
        left = self._console.width - 2 - len(summary) - len(took)
        ended = "id" not in event.data  # what goes on in the background is told by its summary alone
        if event.ok and ended and self._console.is_terminal and left < min(len(call), _LEAST_OF_A_CALL):
            summary = ""  # a call is one line, and its name matters more
        tail = f"{summary}{took}"
        self._line(f"{mark} {one_line(call, self._room(len(tail) + 2))}{tail}", "cyan" if event.ok else "red")
        if not event.ok:
            for line in str(event.data.get("output_end", "")).splitlines():
                self._as_it_is(f"  {line}", "dim")
        for step in event.data.get("plan", ()):
            state = step["state"]
            self._line(f"  {_STEP_MARKS[state]} {one_line(step['text'], 200)}", _STEP_STYLES[state])
        for waiting in list(self._running.values())[:1]:
            self._status(waiting)

    def _room(self, taken: int) -> int:
        """How many characters of a line are left beside ``taken``."""
        return max(self._console.width - taken, _LEAST_OF_A_CALL) if self._console.is_terminal else 200

    def _verify(self, event: events.VerifyFinished) -> None:
        passed = event.exit_code == 0
        result = "did not finish" if event.exit_code is None else f"exit code {event.exit_code}"
        style = "green" if passed else "red"
        self._checks += 1
        if self._checks == 1 and passed:  # it passes with nothing done: passing again says nothing
            self._proves = False
        mark = "✗" if not passed else "✓" if self._proves else "-"
        self._line(f"{self._mark(mark)} verify: {event.command} → {result}", style if self._proves else "dim")
        if not passed:
            lines = event.output.strip().splitlines()
            for line in lines[-VERIFY_LINES:]:
                self._as_it_is(f"  {line}", "dim")

    def _finish(self, event: events.SessionFinished, session: str) -> None:
        said = "".join(self._said).strip()
        rest = event.message.strip().removeprefix(said).strip()
        if rest:
            self._line(rest)
        if event.diff:
            self._changes(event, session)
        cost = "no price known" if event.cost_cny is None else yuan(event.cost_cny, event.cost_estimated)
        cost = "nothing paid" if self._replays else cost
        doubt = self._doubt(event)
        facts = [
            event.status.replace("_", " ") + doubt,
            count(event.turns, "turn"),
            count(event.tool_calls, "call"),
            tokens(event.usage),
            cost,
            f"{count(len(event.files_changed), 'file')} changed",
        ]
        if deleted := len(_DELETED.findall(event.diff)):
            facts[-1] += f", {deleted} of them deleted"
        good = event.exit_code == 0
        mark, style = ("-", "bold yellow") if doubt else ("✓", "bold green") if good else ("✗", "bold red")
        self._line("")
        self._line(f"{self._mark(mark)} {' · '.join(facts)}", style)
        if session:
            self._line(f"go on with: {resume_command(session, self._workspace, self._command)}", "dim")
        if event.undo:
            self._line(f"take it back with: {event.undo}", "dim")

    def _changes(self, event: events.SessionFinished, session: str) -> None:
        """Show the diff; of a long one, how to see the rest."""
        self._line("")
        show_diff(self._console, event.diff, rest=f"seedsmith sessions diff {session}" if session else "")

    def _doubt(self, event: events.SessionFinished) -> str:
        """What keeps a run that says it is done from having a tick; '' where nothing does."""
        if event.exit_code != 0:
            return ""
        if event.verified is None:
            unproven = ", with nothing verified" if event.files_changed else ""
            how = {"failed": ", the last call failed", "refused": ", the last call was refused"}
            return unproven + how.get(self._last, "")
        proven = event.verified.get("before_exit_code") != 0 or event.verified.get("sides")
        return "" if proven else ", but the check passed before, too"

    def _translated(self, sentence: str) -> str:
        """``sentence``, one of the program's own, in the person's language."""
        return as_told(sentence)

    def _line(self, text: str, style: str = "") -> None:
        """Print ``text``, the program's own, on lines of its own."""
        self._as_it_is(self._translated(text), style)

    def _as_it_is(self, text: str, style: str = "") -> None:
        """Print ``text`` on lines of its own, as it is."""
        self._start_line()
        from rich.text import Text

        width = self._width if self._console.is_terminal else None
        self._console.print(Text(prose(text, width), style), soft_wrap=True)

    def _start_line(self) -> None:
        self._clear_status()
        self._write_text(self._streamed.end(self._width))
        if not self._at_line_start:
            self._stream.write("\n")
            self._at_line_start = True

    @property
    def _width(self) -> int:
        return screen_width(self._stream) or max(self._console.width, LEAST_WIDTH)

    @property
    def _moves(self) -> bool:
        """Whether a line can be replaced."""
        return self._console.is_terminal and not self._console.is_dumb_terminal

    def _status(self, text: str) -> None:
        """Show what is going on in a line that the next one replaces; nothing where that can't be done."""
        if self._moves:
            self._start_line()
            self._waiting.show(one_line(self._translated(text), 400), self._console.width - 1)

    def _clear_status(self) -> None:
        self._waiting.clear()

    def _mark(self, symbol: str) -> str:
        """The symbol, or a word where the terminal's encoding has none."""
        try:
            symbol.encode(self._console.encoding)
        except (UnicodeEncodeError, LookupError):
            return {"✓": "ok:", "✗": "failed:"}.get(symbol, symbol)
        return symbol


def _call(name: str, arguments: Any) -> str:
    """A call in few words: the tool, its action, and what it is about."""
    if name in _WITHOUT_ARGUMENTS:
        return name
    if not isinstance(arguments, Mapping):
        return f"{name} {arguments}"
    action = arguments.get("action")
    words = [name, action] if isinstance(action, str) else [name]
    first = [str(arguments[key]) for key in _MAIN_ARGUMENTS if key in arguments]
    rest = {key: value for key, value in arguments.items() if key != "action" or len(words) == 1}
    if first:
        words += first
    elif rest:
        words.append(" ".join(map(_argument, rest.values())) if len(words) > 1 else _argument(rest))
    return " ".join(words)


def _beside(call: str, summary: str) -> str:
    """``summary`` without the paths that ``call`` names already."""
    for word in call.split():
        if "/" in word or "." in word[1:-1]:
            summary = summary.removeprefix(f"{word}: ").removeprefix(f"{word}:").replace(f" {word} ", " ")
    return summary


def _argument(value: Any) -> str:
    """An argument as one reads it: a text or a list of texts as it is."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return " ".join(value)
    return json.dumps(value, ensure_ascii=False, default=str)


def _tried(arguments: Any) -> str:
    """Where a change of a search is made, and its first new line."""
    old, new = str(arguments.get("old", "")).split("\n"), str(arguments.get("new", "")).split("\n")
    added = next((line.strip() for line in new if line not in old), "")
    what = added or as_told("a line less, or in another place")
    return f"{arguments.get('path')}: {what}"
