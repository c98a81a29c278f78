"""A conversation in one folder: reads what the person types, and carries it out as runs of one session."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prompt_toolkit.input import Input
from prompt_toolkit.output import Output
from prompt_toolkit.patch_stdout import patch_stdout

from seedsmith.agent.errors import AgentError
from seedsmith.agent.frontends.conversation.commands import COMMANDS, unknown
from seedsmith.agent.frontends.conversation.completion import MessageCompleter
from seedsmith.agent.frontends.conversation.line_input import LineInput
from seedsmith.agent.frontends.conversation.questions import PromptQuestions
from seedsmith.agent.frontends.conversation.screen import ScreenFrontEnd
from seedsmith.agent.frontends.conversation.status_line import StatusLine
from seedsmith.agent.loop.inbox import Inbox
from seedsmith.agent.models.errors import ModelError
from seedsmith.agent.settings.config import checked
from seedsmith.agent.settings.request import RunRequest
from seedsmith.agent.settings.settings import Settings
from seedsmith.sandbox.errors import SandboxError
from seedsmith.skills.errors import SkillError

if TYPE_CHECKING:
    from seedsmith.agent.sessions.outcome import Outcome

HISTORY = "history"
"""The file below the state folder that keeps what was typed."""
_PROMPT = "> "
_MODES = {
    "ask": "you are asked before calls that need your word",
    "auto": "calls that need your word are refused without asking",
    "plan": "nothing is changed; the model reads and answers with a plan",
}


class Conversation:
    """One conversation; :meth:`talk` holds it."""

    def __init__(
        self,
        settings: Settings,
        environment: Mapping[str, str],
        *,
        history: Path | None = None,
        context_tokens: int = 0,
        terminal: tuple[Input, Output] | None = None,
    ) -> None:
        """``history`` is the file that keeps what was typed, ``context_tokens`` the model's window.

        ``terminal`` is another than the process's own.
        """
        self.settings = settings
        self.environment = environment
        self.status = StatusLine(context_tokens)
        self._questions = PromptQuestions(self.say, self._question_changed)
        self._inbox = Inbox()
        self._turn: asyncio.Task[None] | None = None
        self._outcome: Outcome | None = None
        self._shell_outputs: list[str] = []
        self._paths: list[str] = []
        self._skills_offered: dict[str, str] | None = None
        completer = MessageCompleter(self._completions, lambda: self._paths)
        self.input = LineInput(
            self, self._message, self._toolbar, history=history, completer=completer, terminal=terminal
        )
        self._screen: ScreenFrontEnd | None = None

    async def talk(self, first: str = "") -> None:
        """Take messages until the person leaves; ``first`` is one that was given already."""
        with patch_stdout(raw=True):
            self._screen = ScreenFrontEnd(sys.stdout, self.input.redraw)
            paths = asyncio.create_task(asyncio.to_thread(self._list_paths))
            self.say(
                f"Seedsmith in {self.settings.workspace.absolute()}. /help says what can be typed.", "dim"
            )
            if first:
                await self._take(first)
            try:
                while True:
                    line = await self.input.read()
                    with self._errors_shown():
                        await self._take(line)
            except EOFError:
                pass
            finally:
                await self._stop()
                await paths
                if self.status.session:
                    self.say(f"Go on with: seedsmith talk --resume {self.status.session}", "dim")

    def say(self, text: str, style: str = "") -> None:
        """Show a line above the prompt."""
        if self._screen is not None:
            self._screen.say(text, style)

    def set(self, **changed: Any) -> None:
        """Change settings from the next message on; says what is wrong with a wrong value."""
        try:
            new = checked(changed)
        except AgentError as error:
            self.say(str(error), "red")
            return
        self.settings = self.settings.model_copy(update={name: getattr(new, name) for name in changed})
        if "verify" in changed:
            self.settings = self.settings.in_own_words(self.settings.verify or "")

    def send(self, message: str, skill: str | None = None) -> None:
        """Give the model ``message``, now or, while it works, with its next question."""
        if self.working and skill is None:
            self._inbox.put(message)
            self.input.redraw()
        elif self.working:
            self.say("A skill can be begun when the turn has ended.", "yellow")
        else:
            self._turn = asyncio.create_task(self._work(message, skill))

    def begin_anew(self) -> None:
        """Forget the conversation; its session stays on disk."""
        if self.working:
            self.say("The model works: Esc stops it.", "yellow")
            return
        old = self.status
        self.status = StatusLine(old.context_tokens)
        self._outcome = None
        self.say("A new conversation.", "dim")

    def skills(self) -> dict[str, str]:
        """The skills that can be used here, with what each is for."""
        from seedsmith.agent.run.named_skill import open_library

        library = open_library(self.settings, self.environment)
        return {name: skill.description.partition(". ")[0] for name, skill in library.skills.items()}

    def show_diff(self) -> None:
        """Show the whole change since the conversation began."""
        if self._screen is None or self._outcome is None or not self._outcome.diff:
            self.say("Nothing has changed.")
            return
        self._screen.show_whole_diff(self._outcome.diff)

    def switch_keys(self) -> str:
        """Go from emacs's keys to vi's or back; the name of those in use now."""
        self.input.vi = not self.input.vi
        return "vi" if self.input.vi else "emacs"

    # What keys do (line_input.KeyActions).

    def interrupt(self) -> bool:
        """Stop the turn that is under way; False where none is."""
        if not self.working or self._turn is None:
            return False
        self._turn.cancel()
        return True

    def take_back(self) -> str:
        """The newest message that waits, for editing."""
        return self._inbox.take_back()

    def show_thoughts(self) -> None:
        """Show the model's last thinking whole."""
        thoughts = self._screen.last_thoughts if self._screen is not None else ""
        self.say(thoughts or "The model has not thought aloud yet.", "dim italic")

    def switch_approval(self) -> None:
        """Go on to the next mode: ask before what policy doubts, refuse it, let nothing be changed."""
        modes = list(_MODES)
        mode = modes[(modes.index(self.settings.approve or "ask") + 1) % len(modes)]
        self.set(approve=mode)
        self.say(f"{mode}: {_MODES[mode]}", "dim")

    @property
    def working(self) -> bool:
        """Whether a turn is under way."""
        return self._turn is not None and not self._turn.done()

    async def _take(self, line: str) -> None:
        """Do what ``line`` says."""
        if self._questions.waiting:
            self._questions.give(line)
        elif line.startswith("!"):
            await self._run_command(line[1:].strip())
        elif line.startswith("/") and "/" not in line.split()[0][1:]:
            await self._run_named(line)
        elif line.strip():
            if not self.working and self._screen is not None:
                self._screen.echo(line)
            self.send(line)

    async def _run_named(self, line: str) -> None:
        name, _, words = line[1:].partition(" ")
        if name in COMMANDS:
            await COMMANDS[name].action(self, words.strip())
            return
        skills = self.skills()
        if name in skills:
            self.send(words.strip(), skill=name)
        else:
            self.say(unknown(name, list(skills)), "red")

    async def _run_command(self, command: str) -> None:
        """Run a command as the tool ``shell`` does; the model reads its output with the next message."""
        from seedsmith.agent.run.one_tool import run_tool

        if not command:
            return
        self.say(f"$ {command}", "bold")
        arguments = json.dumps({"command": command})
        result = await run_tool(self.settings, "shell", arguments, self.environment)
        self.say(result.text)
        self._shell_outputs.append(f"The user ran `{command}`:\n{result.text}")

    async def _work(self, message: str, skill: str | None) -> None:
        """One turn: a run that goes on with the session; messages that come too late begin another."""
        from seedsmith.agent.run.run import run

        assert self._screen is not None
        while True:
            prompt = "\n\n".join([*self._shell_outputs, message])
            self._shell_outputs.clear()
            settings = self._settings_of_run(skill)
            request = RunRequest(settings=settings, prompt=prompt, environment=self.environment, typed=True)
            approver = self._questions if settings.approve in (None, "ask") else None
            try:
                front_ends = (self._screen, self.status)
                with self._errors_shown():
                    self._outcome = await run(request, front_ends, approver, inbox=self._inbox)
            except asyncio.CancelledError:
                self.say("Stopped. What was done stays; go on with another message.", "yellow")
            finally:
                self._screen.idle()
            late = self._inbox.take_all()
            if not late:
                return
            message, skill = "\n\n".join(late), None
            self._screen.echo(message)

    @contextmanager
    def _errors_shown(self) -> Iterator[None]:
        """Show an error as a sentence; the conversation goes on."""
        try:
            yield
        except (AgentError, ModelError, SandboxError, SkillError) as error:
            self.say(str(error), "red")
        except EOFError:
            raise
        except Exception as error:  # a defect must not take the conversation with it
            self.say(f"Something unforeseen went wrong ({type(error).__name__}: {error}).", "red")

    def _settings_of_run(self, skill: str | None) -> Settings:
        changed: dict[str, Any] = {"resume": self.status.session or None}
        if skill is not None:
            changed["skill"] = skill
        return self.settings.model_copy(update=changed)

    async def _stop(self) -> None:
        if self.interrupt() and self._turn is not None:
            await asyncio.wait([self._turn])

    def _question_changed(self) -> None:
        if self._questions.waiting:
            self.input.put_aside()
        else:
            self.input.put_back()

    def _message(self) -> str:
        """What stands above and before the cursor: what is under way, what waits, the prompt."""
        if self._screen is None:
            return _PROMPT
        width = max(self.input.width - 1, 20)
        lines = self._screen.under_way(width) if self.working else []
        lines += [f"  waits: {message.splitlines()[0]}"[:width] for message in self._inbox.waiting]
        return "\n".join([*lines, self._questions.prompt or _PROMPT])

    def _toolbar(self) -> str:
        mode = self.settings.approve or "ask"
        return self.status.text(effort=self.settings.effort or "", approve="" if mode == "ask" else mode)

    def _completions(self) -> dict[str, str]:
        """Commands and skills; the skills as they were first, for this is asked at each key."""
        if self._skills_offered is None:
            self._skills_offered = self.skills()
        return {name: each.what for name, each in COMMANDS.items()} | self._skills_offered

    def _list_paths(self) -> None:
        from seedsmith.agent.run.workspace_files import workspace_files

        self._paths = workspace_files(self.settings.workspace)
