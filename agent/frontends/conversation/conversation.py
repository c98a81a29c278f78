"""A conversation in one folder: reads what the person types, and carries it out as runs of one session."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.input import Input
from prompt_toolkit.output import Output
from prompt_toolkit.shortcuts import print_formatted_text

from seedsmith.agent.errors import AgentError
from seedsmith.agent.events import FrontEnd
from seedsmith.agent.frontends.conversation.ascii_signs import SpeltStream, letters_for
from seedsmith.agent.frontends.conversation.clipboard import keep_picture
from seedsmith.agent.frontends.conversation.commands import COMMANDS, meant, unknown
from seedsmith.agent.frontends.conversation.completion import MessageCompleter, WorkspacePaths
from seedsmith.agent.frontends.conversation.line_input import LineInput
from seedsmith.agent.frontends.conversation.live_output import fitted, live_lines, prompt_lines
from seedsmith.agent.frontends.conversation.notification import Attention
from seedsmith.agent.frontends.conversation.own_commands import OwnCommands, stoppable
from seedsmith.agent.frontends.conversation.planning import answer_to_plan, switch_mode
from seedsmith.agent.frontends.conversation.questions import PromptQuestions
from seedsmith.agent.frontends.conversation.screen import ScreenFrontEnd
from seedsmith.agent.frontends.conversation.session_commands import last_output
from seedsmith.agent.frontends.conversation.status_line import StatusLine
from seedsmith.agent.frontends.languages.language import Words, language_of
from seedsmith.agent.frontends.telemetry.observing import observing
from seedsmith.agent.frontends.terminal import visible
from seedsmith.agent.loop.inbox import Inbox
from seedsmith.agent.models.errors import ModelError
from seedsmith.agent.redact import Redactor
from seedsmith.agent.run.lasting_commands import LastingCommands, Surroundings
from seedsmith.agent.settings.config import checked
from seedsmith.agent.settings.run_request import RunRequest
from seedsmith.agent.settings.settings import Settings
from seedsmith.sandbox.errors import SandboxError
from seedsmith.skills.errors import SkillError
from seedsmith.tools.base import ToolResult

if TYPE_CHECKING:
    from seedsmith.agent.sessions.outcome import Outcome

HISTORY = "history"
"""The file below the state folder that keeps what was typed."""
_PROMPT = "> "
_ENDED = "Ended with the conversation."
_STOPPED = "stopped"
_GOES_ON = ("done", "unverified", "gave_up", _STOPPED)
"""How a run ends after which a message that waits is sent: one that came after a stop, too."""


class Conversation:
    """One conversation; :meth:`talk` holds it."""

    def __init__(
        self,
        settings: Settings,
        environment: Mapping[str, str],
        *,
        history: Path | None = None,
        context_tokens: int = 0,
        typed: str = "",
        terminal: tuple[Input, Output] | None = None,
    ) -> None:
        """``history`` is the file that keeps what was typed, ``context_tokens`` the model's window.

        ``typed`` stands in the first line already. ``terminal`` is another than the process's own.
        """
        self.settings = settings
        self.environment = environment
        self.words = Words(language_of(settings.lang, environment))
        self.status = StatusLine(context_tokens, self.words)
        self.questions = PromptQuestions(self.say, self._question_changed, self.words, settings.workspace)
        self.inbox = Inbox()
        self._commands = LastingCommands()
        self._attention = Attention(settings.notify, environment=environment)
        self._redactor = Redactor.from_environment(environment, settings.api_key)
        self._turn: asyncio.Task[None] | None = None
        self._outcome: Outcome | None = None
        self._own = OwnCommands(self, lambda: self.input.redraw())
        self._paths = WorkspacePaths(settings.workspace)
        self._skills_offered: dict[str, str] | None = None
        completer = MessageCompleter(self._completions, lambda: self._paths.names)
        self.input: LineInput = LineInput(
            self, self._message, self._toolbar, history=history, completer=completer, terminal=terminal
        )
        self.input.typed = typed
        self._spell = letters_for(self.input.output.encoding() or "utf-8")
        self._screen: ScreenFrontEnd | None = None
        self._watchers: tuple[FrontEnd, ...] = ()

    async def talk(self) -> None:
        """Take messages until the person leaves."""
        head = (self.words("welcome", folder=self.settings.workspace.absolute()), self.words("welcome.help"))
        print_formatted_text("\n".join(self._spell(visible(line)) for line in head), output=self.input.output)
        with observing(self.settings) as self._watchers, self.input.beside_output():
            stream = cast(TextIO, SpeltStream(sys.stdout, self._spell))
            self._screen = ScreenFrontEnd(stream, self.input.redraw, self.words, plain=self.settings.plain)
            ready = asyncio.create_task(asyncio.to_thread(self._make_ready))
            try:
                while True:
                    with self._screen.prompted():
                        line = await self.input.read()
                    with self.errors_shown():
                        await stoppable(self._take(line), self)
            except EOFError:
                pass
            finally:
                await self._own.end()
                await self._stop()
                await self._commands.end(_ENDED)
                await ready

    def say(self, text: str, style: str = "") -> None:
        """Show a line above the prompt."""
        if self._screen is not None:
            self._screen.say(text, style)

    def set(self, **changed: Any) -> None:
        """Change settings from the next message on; says what is wrong with a wrong value."""
        try:
            new = checked(changed)
        except AgentError as error:
            self.say(self.words.told(str(error)), "red")
            return
        self.settings = self.settings.model_copy(update={name: getattr(new, name) for name in changed})
        if "verify" in changed:
            self.settings = self.settings.in_own_words(self.settings.verify or "")

    def send(self, message: str, skill: str | None = None) -> None:
        """Give the model ``message``, now or, while it works, with its next question."""
        if self.working and skill is None:
            self.inbox.put(message)
            self.input.redraw()
        elif self.working:
            self.say(self.words("skill.later"), "yellow")
        else:
            self._turn = asyncio.create_task(self._work(message, skill))

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Do ``work``, which may ask the person, as a turn that can be stopped."""
        self._turn = asyncio.create_task(self._carry_out(work))

    async def ask(self, prompt: str) -> str:
        """Ask the person for a line."""
        return await self.questions.ask(prompt)

    async def edit(self, text: str) -> str | None:
        """Let the person edit ``text`` in an editor; None where it was not saved."""
        with self.errors_shown():
            return await self.input.edit(text)
        return None

    async def run_tool(self, name: str, arguments: str) -> ToolResult:
        """Run a tool as the model would, but for rules: these are of what the model does."""
        from seedsmith.agent.run.one_tool import run_tool

        settings = self.settings.model_copy(update={"permissions": None})
        return await run_tool(settings, name, arguments, self.environment)

    async def go_to(self, session: str) -> None:
        """Go on with another session, '' for a new one; commands in the background end."""
        await self._commands.end(_ENDED)
        self._commands = LastingCommands()
        self.inbox.take_shortening()
        self.status = self.status.anew(session)
        self._outcome = None
        self.questions.granted.clear()  # what was allowed for a session ends with it

    def skills(self) -> dict[str, str]:
        """The skills that can be used here, with what each is for."""
        from seedsmith.agent.run.server_prompts import what_skills_do

        return what_skills_do(self.settings, self.environment)

    def show_change(self, diff: str) -> None:
        """Show a diff of any length."""
        if self._screen is not None:
            self._screen.show_whole_diff(diff)

    def files_moved(self) -> None:
        """Take it that files were changed beside the turns."""
        if self._screen is not None:
            self._screen.diff_shown = ""

    # What keys do (line_input.KeyActions).

    def interrupt(self) -> bool:
        """Stop the person's command or the turn that is under way; False where nothing is."""
        if self._own.stop():
            return True
        if not self.working or self._turn is None:
            return False
        self._turn.cancel()
        self._bring_back()
        return True

    def about_to_leave(self) -> None:
        """Say what the same key does now."""
        self.say(self.words("leave.hint"), "dim")

    def _bring_back(self) -> None:
        """Put what waits for the model back where it was typed: nothing is sent after a turn that failed."""
        self.input.bring_back(self.inbox.take_all())

    def take_back(self) -> str:
        """The newest message that waits, for editing."""
        return self.inbox.take_back()

    def show_thoughts(self) -> None:
        """Show the model's last thinking whole."""
        thoughts = self._screen.last_thoughts if self._screen is not None else ""
        self.say(thoughts or self.words("thoughts.none"), "dim italic")

    def show_output(self) -> None:
        """Show the whole output of the last call, as the model read it."""
        with self.errors_shown():
            self.say(last_output(self) or self.words("output.none"), "dim")

    def leave_running(self) -> bool:
        """Send the command that is awaited to the background; False where none is."""
        for awaited in self._commands.background.awaited[-1:]:
            awaited.leave()
            return True
        return False

    def switch_approval(self) -> None:
        """Go on to the next mode: ask before what policy doubts, refuse it, let nothing be changed."""
        switch_mode(self)

    async def clipboard_picture(self) -> str:
        """The place of the clipboard's picture, quoted; says so where there is none."""
        kept = await asyncio.to_thread(keep_picture, self.environment, self.settings)
        if kept is None:
            self.say(self.words("paste.none"), "yellow")
        return f'"{kept}" ' if kept else ""

    @property
    def working(self) -> bool:
        """Whether a turn is under way."""
        return self._turn is not None and not self._turn.done()

    async def _take(self, line: str) -> None:
        """Do what ``line`` says."""
        if self.questions.waiting:
            self.questions.give(line)
        elif (line := meant(line)).startswith("!"):
            if command := line[1:].strip():
                self._own.begin(command)
        elif line.startswith("/") and "/" not in line.split()[0][1:]:
            await self._run_named(line)
        elif line.strip():
            self._echo(line)
            self.send(line)

    def _echo(self, line: str) -> None:
        """Show what begins a turn; what waits is shown when it is taken."""
        if not self.working and self._screen is not None:
            self._screen.echo("" if self.settings.plain else line)  # there what was typed stays

    async def _run_named(self, line: str) -> None:
        name, _, words = line[1:].partition(" ")
        if name in COMMANDS:
            if name == "init" or (name == "plan" and words.strip()):
                self._echo(line)
            await COMMANDS[name](self, words.strip())
            return
        skills = self.skills()
        if name in skills or ":" in name:  # a server's prompt, which may not be known yet
            self._echo(line)
            self.send(words.strip(), skill=name)
        else:
            self.say(unknown(self, name, list(skills)), "red")

    async def _carry_out(self, work: Coroutine[Any, Any, None]) -> None:
        """``work`` of the program's own, then what it or the person left for the model."""
        try:
            with self.errors_shown():
                await work
        except asyncio.CancelledError:
            self.say(self.words("stopped"), "yellow")
        if late := self.inbox.take_all():
            await self._work("\n\n".join(late), None)

    async def _work(self, message: str, skill: str | None) -> None:
        """One turn: a run that goes on with the session; messages that come too late begin another."""
        assert self._screen is not None
        while True:
            self._attention.turn_begins()
            how = await self._run(message, skill)
            self._attention.turn_ended(self.input.output, self.words("attention.ended"))
            if how not in _GOES_ON:
                self._bring_back()
            late = list(self.inbox.take_all())
            if how == "done" and not late and self.settings.approve == "plan":
                assert self._outcome is not None
                late = [answer] if (answer := await answer_to_plan(self, self._outcome.message)) else []
            if not late:
                return
            message, skill = "\n\n".join(late), None
            self._screen.echo(message)

    async def _run(self, message: str, skill: str | None) -> str:
        """One run; its status, ``stopped`` where the person stopped it, '' where it raised an error."""
        from seedsmith.agent.run.run import run

        assert self._screen is not None
        prompt = "\n\n".join([*await self._own.outputs(), message])
        skilled = {"skill": skill} if skill else {}
        settings = self.settings.model_copy(update={"resume": self.status.session or None, **skilled})
        behind = skill is not None and prompt == message
        request = RunRequest(
            settings=settings, prompt=prompt, environment=self.environment, typed=True, behind_name=behind
        )
        approver = self.questions if settings.approve in (None, "ask") else None
        front_ends: tuple[FrontEnd, ...] = (self._screen, self.status, *self._watchers)
        self._outcome = None
        try:
            with self.errors_shown():
                self._outcome = await run(
                    request, front_ends, approver, surroundings=Surroundings(self.inbox, self._commands)
                )
        except asyncio.CancelledError:
            self.say(self.words("stopped"), "yellow")
            return _STOPPED
        finally:
            self._screen.idle()
            asyncio.get_running_loop().run_in_executor(None, self._paths.refresh)
        return self._outcome.status if self._outcome is not None else ""

    @contextmanager
    def errors_shown(self) -> Iterator[None]:
        """Show an error as a sentence; the conversation goes on."""
        try:
            yield
        except (AgentError, ModelError, SandboxError, SkillError) as error:
            self.say(self.words.told(str(error)), "red")
        except EOFError:
            raise
        except Exception as error:  # a defect must not take the conversation with it
            self.say(self.words("unforeseen", what=f"{type(error).__name__}: {error}"), "red")

    async def _stop(self) -> None:
        if self.interrupt() and self._turn is not None:
            await asyncio.wait([self._turn])

    def _question_changed(self) -> None:
        if self.questions.waiting:
            self.input.put_aside()
            if self.settings.plain:  # what stands before the cursor is not drawn again
                self.say(self.questions.prompt)
            self._attention.call(self.input.output, self.words("attention.question"))
        else:
            self.input.put_back()

    def _message(self) -> StyleAndTextTuples:
        """What stands above and before the cursor: what is under way, what waits, the prompt."""
        if self._screen is None:
            return [("", _PROMPT)]
        width = max(self.input.width - 1, 20)
        shown: StyleAndTextTuples = []
        if self.working and not self.settings.plain:
            live = live_lines(self._commands.background, self._redactor, width)
            shown += [("fg:ansibrightblack", f"{line}\n") for line in live]
            shown += [("", f"{self._spell(line)}\n") for line in self._screen.under_way(width)]
        shown += [("", f"{self._spell(line)}\n") for line in self._own.under_way(width)]
        for message in self.inbox.waiting:
            waits = self.words("waits", message=message.splitlines()[0])
            shown.append(("", f"{fitted(waits, width)}\n"))
        *above, last = prompt_lines(self.questions.prompt or _PROMPT, width)
        shown += [("bold", f"{line}\n") for line in above]
        shown.append(("bold", last))
        return shown

    def _toolbar(self) -> str:
        mode, effort = self.settings.approve or "ask", self.settings.effort or ""
        running = len(self._commands.background.running)
        line = self.status.text(mode, effort=effort, running=running, width=self.input.width)
        return self._spell(line)

    def _completions(self) -> dict[str, str]:
        """Commands and skills; the skills as they were first, for this is asked at each key."""
        if self._skills_offered is None:
            self._skills_offered = self.skills()
        return {name: self.words(f"command.{name}") for name in COMMANDS} | self._skills_offered

    def _make_ready(self) -> None:
        """List the paths; load what lays out answers, so that no key waits for it later."""
        from seedsmith.agent.frontends.conversation import answer_layout  # noqa: F401

        self.words.told.make_ready()
        self._paths.refresh()
