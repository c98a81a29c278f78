"""The commands of a conversation: what ``/NAME`` does, a function each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from seedsmith.agent.frontends.conversation.status_line import StatusLine
from seedsmith.agent.settings.settings import Settings
from seedsmith.tools.suggestions import suggestion


class Talk(Protocol):
    """What commands do with a conversation."""

    settings: Settings
    environment: Mapping[str, str]
    status: StatusLine

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

    def skills(self) -> dict[str, str]:
        """The skills by name, with what each is for."""
        ...

    def show_diff(self) -> None:
        """Show the whole change."""

    def show_thoughts(self) -> None:
        """Show the last thinking."""

    def switch_keys(self) -> str:
        """Go from emacs's keys to vi's or back; the name of those in use now."""
        ...

    def begin_anew(self) -> None:
        """Forget the conversation."""


Action = Callable[[Talk, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Command:
    """One command."""

    what: str
    """What it does, in a few words."""
    action: Action


COMMANDS: dict[str, Command] = {}


def command(name: str, what: str) -> Callable[[Action], Action]:
    """Offer a function as ``/name``; it gets the conversation and the words behind the name."""

    def add(action: Action) -> Action:
        COMMANDS[name] = Command(what, action)
        return action

    return add


_TYPING = (
    "  /SKILL …    carry out a skill; /skills lists them",
    "  !COMMAND    run a command in the sandbox; its output joins the conversation",
    "  @PATH       a file of the workspace",
    "  Enter sends; Alt-Enter, or \\ before Enter, begins a line; Ctrl-X Ctrl-E opens $EDITOR",
    "  Esc or Ctrl-C stops the turn; Ctrl-C twice leaves; up takes back a message that waits",
    "  Ctrl-T shows the last thinking; Shift-Tab switches whether you are asked for approval",
)


@command("help", "what can be typed")
async def _help(talk: Talk, _: str) -> None:
    for name, each in COMMANDS.items():
        talk.say(f"  /{name:10} {each.what}")
    for line in _TYPING:
        talk.say(line)


@command("model", "show or choose the model: /model PROVIDER/MODEL")
async def _model(talk: Talk, words: str) -> None:
    if words:
        talk.set(model=words)
    talk.say(f"model: {talk.settings.model or 'the default'}")


@command("effort", "how hard the model thinks: /effort minimal|low|medium|high")
async def _effort(talk: Talk, words: str) -> None:
    if words:
        talk.set(effort=words)
    talk.say(f"effort: {talk.settings.effort or 'the default of the model'}")


@command("verify", "the command that proves the work: /verify CMD, /verify off")
async def _verify(talk: Talk, words: str) -> None:
    if words:
        talk.set(verify=None if words == "off" else words)
    talk.say(f"verify: {talk.settings.verify or 'nothing'}")


@command("plan", "let nothing be changed until you leave it (again, or Shift-Tab): /plan [MESSAGE]")
async def _plan(talk: Talk, words: str) -> None:
    plans = talk.settings.approve == "plan"
    if words or not plans:
        talk.set(approve="plan")
        talk.say("plan: nothing is changed; /plan leaves it", "dim")
    else:
        talk.set(approve="ask")
        talk.say("ask: the model may change things again", "dim")
    if words:
        talk.send(words)


@command("cost", "what the conversation took")
async def _cost(talk: Talk, _: str) -> None:
    status = talk.status
    cost = "no price known" if status.cost is None else f"¥{status.cost:.4f}"
    talk.say(f"{status.input_tokens:,} tokens in, {status.output_tokens:,} out · {cost}")


@command("context", "how full the model's window is")
async def _context(talk: Talk, _: str) -> None:
    talk.say(talk.status.bar())


@command("diff", "everything that changed since the conversation began")
async def _diff(talk: Talk, _: str) -> None:
    talk.show_diff()


@command("skills", "list the skills")
async def _skills(talk: Talk, _: str) -> None:
    for name, what in talk.skills().items():
        talk.say(f"  /{name:20} {what}")


@command("tools", "list the tools the model has")
async def _tools(talk: Talk, _: str) -> None:
    from seedsmith.agent.calls.tools import open_tools
    from seedsmith.agent.context.profile import FULL

    for name, tool in open_tools(FULL, vision=True).items():
        talk.say(f"  {name:14} {tool.spec.description.partition('. ')[0]}")


@command("init", "write an AGENTS.md from the repository")
async def _init(talk: Talk, words: str) -> None:
    from seedsmith.agent.context.prompts import prompt

    talk.send(f"{prompt('init.md')}\n{words}".strip())


@command("thinking", "show the model's last thinking whole")
async def _thinking(talk: Talk, _: str) -> None:
    talk.show_thoughts()


@command("vi", "switch between vi's and emacs's keys")
async def _vi(talk: Talk, _: str) -> None:
    talk.say(f"keys: {talk.switch_keys()}")


@command("clear", "begin a new conversation")
async def _clear(talk: Talk, _: str) -> None:
    talk.begin_anew()


@command("quit", "leave")
async def _quit(talk: Talk, _: str) -> None:
    raise EOFError


def unknown(name: str, skills: list[str]) -> str:
    """What to say of a command that is none."""
    return f"There is no command /{name}{suggestion(name, [*COMMANDS, *skills]) or '; /help lists them'}."
