"""Skills at the top floor: which are here, and what one that the user names does to a run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedsmith.agent.context.profile import Profile
from seedsmith.agent.context.prompts import prompt as wording
from seedsmith.agent.context.skill_calls import SKILL_TOOL, last_loaded
from seedsmith.agent.conversation import Item, ToolCall
from seedsmith.agent.errors import UsageError
from seedsmith.agent.events import NoticeGiven, Sink
from seedsmith.agent.redact import Redactor
from seedsmith.agent.settings.run_request import RunRequest
from seedsmith.agent.settings.settings import Settings
from seedsmith.agent.settings.state_folder import prepare_state, state_folder
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.skills.active import WORDS, ActiveSkills
from seedsmith.skills.built_in import Summary
from seedsmith.skills.loader import Library, load, roots
from seedsmith.skills.parameter_specs import Value
from seedsmith.skills.required_programs import how_to_install, missing_programs
from seedsmith.skills.skill import Origin, Skill
from seedsmith.skills.skill_listing import listing
from seedsmith.skills.template import NOT_GIVEN
from seedsmith.skills.trust import TrustStore
from seedsmith.tools.base import ToolContext

if TYPE_CHECKING:
    from seedsmith.agent.calls.hooks import Hook, Hooks
    from seedsmith.skills.manifest import BudgetWishes

_IN_THE_PROMPT = "(see what the user says at the end)"
_MOST_LISTED = 500
_WISHES = ("effort", "temperature", "top_p", "max_output_tokens")
"""What of a skill's ``model`` fills settings the user left open."""


@dataclass(frozen=True, slots=True)
class NamedSkill:
    """The skill a run is about, with its parameters' values."""

    skill: Skill
    values: Mapping[str, Value]
    given: Mapping[str, object]
    """Of these, what was given."""
    callable: bool
    """Whether the model has the ``skill`` tool, to read its files and run its commands."""

    def task(self, prompt: str) -> str:
        """What the model is told: the skill's instructions, then what the user said besides."""
        from seedsmith.skills.skill_tool import skill_text

        missing = _IN_THE_PROMPT if prompt.strip() else NOT_GIVEN
        instructions = self.skill.filled_instructions(self.values, missing)
        # The command that proves the work is told with what it showed before the first turn.
        text = skill_text(self.skill, instructions, "", callable_commands=self.callable)
        return f"{text}\n\n{prompt}" if prompt.strip() else text

    @property
    def verify(self) -> str:
        """The command that proves the work; '' where the skill has none."""
        return self.skill.verify_command(self.values)


@dataclass(frozen=True, slots=True)
class SessionSkills:
    """What skills and hooks mean for one session."""

    active: ActiveSkills
    named: NamedSkill | None = None
    listing: str = ""
    """Names and descriptions for the system prompt."""
    hooks: tuple[Hook, ...] = ()
    readable: tuple[Path, ...] = ()
    """Files and folders outside the workspace that the sandbox must show."""
    notices: tuple[NoticeGiven, ...] = ()

    @property
    def own(self) -> Skill | None:
        """The named skill, where it is this run's own and no helper's."""
        return self.named.skill if self.named and not self.active.delegates(self.named.skill) else None

    def filled(self, settings: Settings) -> Settings:
        """``settings`` with what the named skill wishes for where the user set nothing.

        Of one that a helper carries out, what proves the work counts here, too.
        """
        if self.named is None:
            return settings
        wishes: dict[str, Any] = {name: getattr(self.own.model, name) for name in _WISHES} if self.own else {}
        if settings.max_completion_tokens is not None:
            wishes.pop("max_output_tokens", None)
        wishes["verify"] = self.named.verify or None
        kept = {name: wish for name, wish in wishes.items() if wish is not None}
        open_ones = {name: wish for name, wish in kept.items() if getattr(settings, name) is None}
        return settings.model_copy(update=open_ones)

    @property
    def tools(self) -> tuple[str, ...]:
        """The tools that the named skill lists."""
        return (self.own.tools or ()) if self.own else ()

    @property
    def folder(self) -> str:
        """Where the named skill is; '' where none is named."""
        return str(self.named.skill.real_folder) if self.named else ""

    @property
    def budget(self) -> BudgetWishes | None:
        """The limits the named skill wishes for."""
        return self.own.budget if self.own else None

    def open_hooks(self, context: ToolContext, sink: Sink, session: str, redactor: Redactor) -> Hooks | None:
        """What asks the hooks of ``session``; None where there are none."""
        if not self.hooks:
            return None
        from seedsmith.agent.calls.hooks import Hooks

        return Hooks(self.hooks, context.processes, sink, session, redactor, context.environment)

    def task(self, prompt: str) -> str:
        """``prompt``, after the named skill's instructions if there is one; a helper's are told to that."""
        if self.named is None or self.own:
            return self.named.task(prompt) if self.named else prompt
        call = self.delegation(prompt)
        return wording("skill-by-helper.md", name=self.named.skill.name, arguments=call.arguments).strip()

    def delegation(self, prompt: str) -> ToolCall:
        """The call by which a helper is given the named skill, and ``prompt``."""
        assert self.named is not None
        given: dict[str, object] = dict(self.named.given)
        if words := " ".join(filter(None, (str(given.get(WORDS, "")), prompt.strip()))):
            given[WORDS] = words
        arguments = {"name": self.named.skill.name, "parameters": given}
        return ToolCall("", SKILL_TOOL, json.dumps(arguments, ensure_ascii=False))


def open_library(settings: Settings, environment: Mapping[str, str]) -> Library:
    """Every skill that is built in, installed, the user's or the repository's."""
    home = environment.get("HOME")
    state = state_folder(settings.home, environment)
    return load(roots(settings.workspace.absolute(), Path(home) if home else None), TrustStore(state))


def open_skills(
    request: RunRequest,
    library: Library,
    profile: Profile,
    workspace: Path,
    *,
    context_tokens: int = 0,
    history: Iterable[Item] = (),
) -> SessionSkills:
    """The skills of one session: the one ``settings.skill`` names, and those the model is told of.

    Required programs are looked for by the environment's ``PATH``. ``history`` is the conversation that goes
    on: what the model had loaded last is active again. Raises :class:`UsageError` and
    :class:`seedsmith.skills.errors.SkillError` for a skill that can't be used.
    """
    settings, path = request.settings, request.environment.get("PATH")
    named = _named(settings, library, callable_commands=profile.tools is None, path=path)
    helpers = request.delegates and profile.tools is None
    active = ActiveSkills(library, named.skill if named else None, helpers=helpers)
    last = last_loaded(history)
    loaded = library.skills.get(last)
    if loaded is not None:
        active.activate(loaded)
    own = named.skill if named and not active.delegates(named.skill) else None
    hooks, files = _hooks(settings, own)
    chosen, notices = _chosen(settings, library)
    if last and loaded is None:
        said = f"The skill {last!r:.80} of this session can't be used now: the tools it left out are back."
        notices = (*notices, NoticeGiven("skills", said))
    lines = _listed(chosen, active, context_tokens) if profile.tools is None else ""
    readable = (*_folders(library, workspace), *files)
    return SessionSkills(active, named, lines, hooks, tuple(dict.fromkeys(readable)), notices)


def _hooks(settings: Settings, named: Skill | None) -> tuple[tuple[Hook, ...], tuple[Path, ...]]:
    """The hooks of the configuration and of the skill that is ``named``, and the files they run.

    A replay has none: what hooks said stands in the recording.
    """
    if settings.replay is not None or not (settings.hooks or named):
        return (), ()
    from seedsmith.agent.calls.hooks import gather, programs

    hooks = gather(settings.hooks, (named,) if named else ())
    return hooks, tuple(programs(hooks))


def trust_store(settings: Settings, environment: Mapping[str, str]) -> TrustStore:
    """Where trust is kept; its folder is made. Raises UsageError where that can't be."""
    state = state_folder(settings.home, environment)
    return TrustStore(prepare_state(state, settings.workspace))


def trust_own(settings: Settings, environment: Mapping[str, str], folder: Path) -> None:
    """Trust a skill that was just written by ourselves into the repository."""
    from seedsmith.skills.skill_folder import read_skill

    skill = read_skill(folder, Origin.REPOSITORY)
    if isinstance(skill, Skill):
        trust_store(settings, environment).trust(skill)


def tool_names() -> tuple[str, ...]:
    """The names a manifest's ``tools`` may hold."""
    from seedsmith.agent.calls.extensions import load_extensions
    from seedsmith.agent.calls.offered_tools import open_tools
    from seedsmith.agent.calls.optional_tools import NAMES as ASKED_TOOLS
    from seedsmith.agent.context.profile import FULL

    own = tuple(open_tools(FULL, vision=True))
    return (*own, "mcp", *ASKED_TOOLS, *(tool.spec.name for tool in load_extensions(lambda: own).tools))


def _named(
    settings: Settings, library: Library, *, callable_commands: bool, path: str | None
) -> NamedSkill | None:
    if settings.skill is None:
        if settings.skill_with:
            raise UsageError("--with gives a value to a skill: name the skill with --skill.")
        return None
    skill = library.find(settings.skill)
    values = skill.values(settings.skill_with or {})
    missing = missing_programs(skill, path)
    if missing:
        raise UsageError(
            f"The skill {skill.name!r} needs {', '.join(missing)}: install it, or put it on PATH; "
            f"{how_to_install(missing)}."
        )
    return NamedSkill(skill, values, settings.skill_with or {}, callable_commands)


def _chosen(
    settings: Settings, library: Library
) -> tuple[Iterable[Skill | Summary], tuple[NoticeGiven, ...]]:
    """The skills the model is told of, and what is wrong with the names in ``settings.skills``.

    Where none are named, those that use the browser are left out unless it is offered.
    """
    names = settings.skills
    if names is None:
        every = library.summaries()
        return [each for each in every if settings.browser or "browser" not in (each.tools or ())], ()
    unknown = [name for name in names if name not in library.skills]
    said = f"The setting skills names what can't be used here: {', '.join(unknown)[:200]}."
    notices = (NoticeGiven("skills", said),) if unknown else ()
    return [each for each in library.summaries() if each.name in names], notices


def _listed(chosen: Iterable[Skill | Summary], active: ActiveSkills, context_tokens: int) -> str:
    """What the model is told of the skills; of those that a helper carries out, what it must say to one."""
    chosen = list(chosen)
    handed = ", ".join(each.name for each in chosen if each.model_may_call and active.delegates(each))
    lines = listing(chosen, context_tokens)
    if not handed or not lines:
        return lines
    return f"{lines}\n{wording('skills-by-helper.md', names=handed[:_MOST_LISTED]).strip()}"


def _folders(library: Library, workspace: Path) -> Iterable[Path]:
    """The folders that hold skills outside ``workspace``: whole roots, and what links in them lead to.

    None lies above or in the workspace, which must stay writable.
    """
    outside = [
        root.folder.resolve()
        for root in library.roots
        if root.origin is not Origin.REPOSITORY and not root.fault
    ]
    kept = [folder for folder in outside if folder.is_dir() and not _related(folder, workspace)]
    for skill in library.summaries():
        folder = skill.folder.resolve()
        if not _related(folder, workspace) and not any(folder.is_relative_to(root) for root in kept):
            kept.append(folder)
    return kept


def _related(folder: Path, workspace: Path) -> bool:
    return folder.is_relative_to(workspace) or workspace.is_relative_to(folder)
