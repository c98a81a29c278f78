"""The commands of a conversation: what ``/NAME`` does, a function each.

What a command does is told by the sentence ``command.NAME`` of the catalogue.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from seedsmith.agent.frontends.conversation.questions import PromptQuestions
from seedsmith.agent.frontends.conversation.status_line import StatusLine
from seedsmith.agent.frontends.languages.language import Words
from seedsmith.agent.loop.inbox import Inbox
from seedsmith.agent.settings.settings import Settings
from seedsmith.tools.base import ToolResult
from seedsmith.tools.suggestions import suggestion

if TYPE_CHECKING:
    from seedsmith.agent.frontends.conversation.line_input import LineInput


class Talk(Protocol):
    """What commands do with a conversation."""

    settings: Settings
    environment: Mapping[str, str]
    status: StatusLine
    words: Words
    inbox: Inbox
    questions: PromptQuestions
    input: LineInput

    @property
    def working(self) -> bool:
        """Whether a turn is under way."""
        ...

    def say(self, text: str, style: str = "") -> None:
        """Show a line."""

    def set(self, **changed: Any) -> None:
        """Change settings from the next message on."""

    def send(self, message: str, skill: str | None = None) -> None:
        """Give the model a message."""

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Do ``work``, which may ask the person, as a turn that can be stopped."""

    async def ask(self, prompt: str) -> str:
        """Ask the person for a line."""
        ...

    async def edit(self, text: str) -> str | None:
        """Let the person edit ``text`` in an editor; None where it was not saved."""
        ...

    async def run_tool(self, name: str, arguments: str) -> ToolResult:
        """Run a tool as the model would."""
        ...

    def skills(self) -> dict[str, str]:
        """The skills by name, with what each is for."""
        ...

    def errors_shown(self) -> AbstractContextManager[None]:
        """Within it an error is shown as a sentence, and ends no more than that."""
        ...

    def show_change(self, diff: str) -> None:
        """Show a diff of any length."""

    def show_thoughts(self) -> None:
        """Show the last thinking."""

    def show_output(self) -> None:
        """Show the whole output of the last call."""

    def files_moved(self) -> None:
        """Take it that files were changed beside the turns."""

    async def go_to(self, session: str) -> None:
        """Go on with another session, '' for a new one; commands in the background end."""


_IN_OTHER_WORDS = {**dict.fromkeys(("exit", "quit", "/exit", ":q"), "/quit"), "?": "/help"}
"""What people type who know other programs, and the command it is here."""
Action = Callable[[Talk, str], Awaitable[None]]
COMMANDS: dict[str, Action] = {}


def command(name: str) -> Callable[[Action], Action]:
    """Offer a function as ``/name``; it gets the conversation and the words behind the name."""

    def add(action: Action) -> Action:
        COMMANDS[name] = action
        return action

    return add


def from_when(talk: Talk, told: str) -> str:
    """``told``, which says what holds now; a turn that is under way keeps what it began with."""
    return talk.words("next_turn", told=told) if talk.working else told


@command("help")
async def _help(talk: Talk, _: str) -> None:
    for name in COMMANDS:
        talk.say(f"  /{name:11} {talk.words(f'command.{name}')}")
    for line in talk.words("help.typing").splitlines():
        talk.say(f"  {line}")


@command("model")
async def _model(talk: Talk, words: str) -> None:
    if words:
        talk.set(model=words)
    told = talk.words("model.is", model=talk.settings.model or talk.words("default"))
    talk.say(from_when(talk, told) if words else told)


@command("effort")
async def _effort(talk: Talk, words: str) -> None:
    if words:
        talk.set(effort=words)
    told = talk.words("effort.is", effort=talk.settings.effort or talk.words("default"))
    talk.say(from_when(talk, told) if words else told)


@command("verify")
async def _verify(talk: Talk, words: str) -> None:
    if words:
        talk.set(verify=None if words == "off" else words)
    told = talk.words("verify.is", verify=talk.settings.verify or talk.words("nothing"))
    talk.say(from_when(talk, told) if words else told)


@command("permissions")
async def _permissions(talk: Talk, _: str) -> None:
    mode = talk.settings.approve or "ask"
    talk.say(f"{mode}{talk.words.told(': ')}{talk.words(f'mode.{mode}')}")
    sandbox = talk.status.sandbox or talk.settings.sandbox
    talk.say(talk.words("permissions.confined", sandbox=sandbox, network=talk.settings.network))
    for rule in _rules(talk):
        talk.say(f"  {rule}")
    for covers in talk.questions.granted.values():
        talk.say(f"  {talk.words('permissions.granted', covers=covers)}")


def _rules(talk: Talk) -> list[str]:
    from seedsmith.agent.settings.permissions.rule_reader import read_rules

    return [rule.written for rule in read_rules(talk.settings.permissions)]


@command("cost")
async def _cost(talk: Talk, _: str) -> None:
    status = talk.status
    cost = talk.words("cost.unknown") if status.cost is None else f"¥{status.cost:.4f}"
    talk.say(talk.words("cost.is", input=status.input_tokens, output=status.output_tokens, cost=cost))


@command("compact")
async def _compact(talk: Talk, words: str) -> None:
    if not talk.status.session:
        talk.say(talk.words("session.none"))
    elif talk.settings.compact == "off":
        talk.say(talk.words("compact.off"), "yellow")
    else:
        talk.inbox.shorten(words)
        talk.say(talk.words("compact.waits"), "dim")


@command("skills")
async def _skills(talk: Talk, _: str) -> None:
    for name, what in talk.skills().items():
        talk.say(f"  /{name:20} {what}")


@command("tools")
async def _tools(talk: Talk, _: str) -> None:
    from seedsmith.agent.calls.offered_tools import open_tools
    from seedsmith.agent.context.profile import FULL

    for name, tool in open_tools(FULL, vision=True).items():
        talk.say(f"  {name:14} {tool.spec.description.partition('. ')[0]}")


@command("init")
async def _init(talk: Talk, words: str) -> None:
    from seedsmith.agent.context.prompts import prompt

    talk.send(f"{prompt('init.md')}\n{words}".strip())


@command("thinking")
async def _thinking(talk: Talk, _: str) -> None:
    talk.show_thoughts()


@command("output")
async def _output(talk: Talk, _: str) -> None:
    talk.show_output()


@command("vi")
async def _vi(talk: Talk, _: str) -> None:
    talk.input.vi = not talk.input.vi
    talk.say(talk.words("keys.are", keys="vi" if talk.input.vi else "emacs"))


@command("clear")
async def _clear(talk: Talk, _: str) -> None:
    if talk.working:
        talk.say(talk.words("works"), "yellow")
        return
    await talk.go_to("")
    talk.say(talk.words("clear.done"), "dim")


@command("quit")
async def _quit(talk: Talk, _: str) -> None:
    raise EOFError


def meant(line: str) -> str:
    """``line``, or the command that it is behind blanks or in other words."""
    bare = line.strip()
    bare = _IN_OTHER_WORDS.get(bare, bare)
    return bare if bare.startswith(("/", "!")) else line


def unknown(talk: Talk, name: str, skills: list[str]) -> str:
    """What to say of a command that is none."""
    meant = talk.words.told(suggestion(name, [*COMMANDS, *skills])) or talk.words("command.listed")
    return talk.words("command.unknown", name=name, meant=meant)
