"""Opens a run's workspace, model and session; what can't be used is refused before anything is sent."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from seedsmith.agent.calls.offered_tools import open_extensions, open_tools
from seedsmith.agent.calls.optional_tools import asked_tools
from seedsmith.agent.context.instructions import user_instructions
from seedsmith.agent.context.profile import SEARCH_TURNS, Profile, choose_profile, profile_named
from seedsmith.agent.context.prompt_images import Attached, attach
from seedsmith.agent.context.prompts import prompt as wording
from seedsmith.agent.conversation import ToolCall, UserMessage
from seedsmith.agent.errors import UsageError
from seedsmith.agent.events import NoticeGiven
from seedsmith.agent.loop import parameter_checks
from seedsmith.agent.loop.budget import Limits, choose_limits
from seedsmith.agent.loop.output_check import OutputCheck, open_output
from seedsmith.agent.models.address import shown
from seedsmith.agent.models.base import Model
from seedsmith.agent.models.catalog import catalog
from seedsmith.agent.models.catalog.catalog import Catalog, ModelEntry, Wire
from seedsmith.agent.run.mcp_servers import SessionServers, open_servers
from seedsmith.agent.run.named_skill import SessionSkills, open_library, open_skills
from seedsmith.agent.sessions.fork import fork
from seedsmith.agent.sessions.resume import changed_settings, kept_settings, notices_of, resumed_settings
from seedsmith.agent.sessions.run_place import Place, open_place
from seedsmith.agent.sessions.session import COPIES, PRIVATE_TMP, PutBack, Session, SessionStart
from seedsmith.agent.sessions.session_lookup import find_session
from seedsmith.agent.settings.run_request import RunRequest
from seedsmith.agent.settings.settings import Settings
from seedsmith.sandbox.commands.left_behind import end_left_behind
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.workspace.paths import shown as shown_path
from seedsmith.skills.loader import Library
from seedsmith.tools.base import Tool
from seedsmith.tools.text import count

if TYPE_CHECKING:
    from seedsmith.agent.recording.interceptor import RunFacts, RunInterceptor
    from seedsmith.agent.sessions.prior_history import PriorHistory


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedRun:
    """What a run works on and with, before anything is sent."""

    request: RunRequest
    """What the run is asked to do, its settings with what the session and the skill add."""
    place: Place
    interceptor: RunInterceptor | None
    """What records or replays the run, if anything does."""
    model: Model
    session: Session
    profile: Profile
    limits: Limits
    known: Catalog
    """The catalog the run goes by."""
    task: str
    """What is asked: the skill's instructions, if one was named, and the prompt; '' to go on as it was."""
    delegation: ToolCall | None
    """The call by which a helper is given the named skill, where that is what is to be done."""
    skills: SessionSkills
    servers: SessionServers
    extensions: tuple[Tool, ...]
    """Tools that are asked for, and those of packages."""
    output: OutputCheck | None
    """Holds the final message to a schema, where one was given."""
    attached: Attached
    """The pictures that go with the prompt."""
    changed_settings: frozenset[str] = frozenset()
    """The settings that a session that is gone on with was not told before."""
    notices: tuple[NoticeGiven, ...] = ()
    """What a person should know first."""

    @property
    def entry(self) -> ModelEntry:
        """What the catalog knows of the model that is asked now."""
        return self.known.resolve(f"{self.model.provider}/{self.model.name}")[1]

    @property
    def own_instructions(self) -> tuple[UserMessage, ...]:
        """The user's own AGENTS.md; a replay goes by what was recorded."""
        replays = self.interceptor is not None and self.interceptor.replays
        own = user_instructions(self.request.environment) if self.profile.facts and not replays else None
        return (own,) if own is not None else ()

    @property
    def runs_calls_alone(self) -> bool:
        """Whether hooks and servers start nothing beside the model's calls, and the run is no helper's."""
        return not (self.skills.hooks or self.servers.pool or self.delegation or self.request.parent)

    @property
    def facts(self) -> RunFacts:
        """What a recorder or replayer is given to know of the run."""
        from seedsmith.agent.recording.interceptor import RunFacts
        from seedsmith.agent.sessions.prior_history import PriorHistory

        return RunFacts(
            request=self.request,
            model=self.model,
            profile=self.profile,
            place=self.place,
            images=self.attached.images,
            known=self.known,
            output=self.output.schema if self.output else None,
            skill=self.skills.folder,
            carried=PriorHistory.of(self.session, self.changed_settings),
        )

    @property
    def wire_entry(self) -> Wire:
        """How the model is spoken to now."""
        return self.known.providers[self.model.provider].wires[self.model.wire]


async def open_run(
    asked: RunRequest, stack: AsyncExitStack, interceptor: RunInterceptor | None, library: Library | None
) -> OpenedRun:
    """Open the workspace and the model, and begin a session or take up ``settings.resume``.

    ``stack`` closes all. ``library`` holds the skills; None: those that are found. Raises
    :class:`AgentError`, :class:`SandboxError` and :class:`SkillError` for what can't be used.
    """
    _check_report(asked.settings)
    place = open_place(asked.settings, asked.environment)
    stack.callback(place.workspace.close)
    known = (interceptor.known if interceptor else None) or catalog.load(asked.environment)
    resumed = _resume(asked, place, stack, interceptor)
    request = _resumed_request(asked, resumed) if resumed else asked
    output = open_output(request.settings.output_schema, interceptor.output if interceptor else None)
    model = _open_model(request, known, interceptor, stack)
    request = _affordable(request, asked, resumed, model)
    address = _address(request, model, interceptor)
    attached = await _attach(request, place, model, resumed, interceptor)
    profile = profile_named(resumed.start.profile) if resumed else choose_profile(model.provider)
    entry = known.resolve(f"{model.provider}/{model.name}")[1]
    skills = _open_skills(request, place, profile, entry, library, resumed)
    settled = replace(request, settings=skills.filled(request.settings))
    packages = open_extensions(settled.settings, profile)
    asked_for_tools = asked_tools(settled.settings, profile, skills.tools, vision=model.vision)
    extensions = (*asked_for_tools, *packages.tools)
    carried = interceptor.carried if interceptor is not None else None
    task = _task(asked, skills, resumed, carried)
    asked_for = task or (resumed.start.prompt if resumed else "")
    servers = _open_servers(settled, place, profile)
    tools = partial(open_tools, profile, vision=model.vision, extensions=extensions, servers=servers.pool)
    parameter_checks.check(settled.settings, asked_for, tools() if settled.settings.tool_choice else ())
    limits = _limits(settled.settings, skills, model, entry, searches=request.fixing and profile.searches)
    start = replace(_start(asked, settled.settings, place, model, profile, address), images=attached.paths)
    given = replace(asked, settings=_priced(asked.settings, model))
    begun = _begin_or_resume(resumed, given, start, output, place)
    if resumed is None:
        stack.callback(begun.session.close)
    return OpenedRun(
        request=settled,
        place=place,
        interceptor=interceptor,
        model=model,
        session=begun.session,
        profile=profile,
        limits=limits,
        known=known,
        task=task,
        delegation=_delegation(asked, skills, resumed) if task else None,
        skills=skills,
        servers=servers,
        extensions=extensions,
        output=output,
        attached=attached,
        changed_settings=frozenset(
            carried.changed_settings if carried is not None else begun.changed_settings
        ),
        notices=(*begun.notices, *skills.notices, *servers.notices, *packages.notices, *attached.notices),
    )


@dataclass(frozen=True, slots=True)
class _OpenedSession:
    """A session to work in, and what a person should know of it."""

    session: Session
    changed_settings: tuple[str, ...] = ()
    notices: tuple[NoticeGiven, ...] = ()


def _check_report(settings: Settings) -> None:
    """Raise UsageError where the pull request's text could not be written in the end."""
    if settings.report is not None:
        from seedsmith.agent.run.proof.pull_request import refuse_other_file

        refuse_other_file(settings.report)


def _begin_or_resume(
    resumed: Session | None,
    asked: RunRequest,
    start: SessionStart,
    output: OutputCheck | None,
    place: Place,
) -> _OpenedSession:
    """A new session with ``start``, or the resumed one, told what was given in the settings ``asked``."""
    schema, settings = output.schema.schema if output else None, asked.settings
    if resumed is None:
        recorded = replace(start, settings=kept_settings(settings, schema))
        return _OpenedSession(Session.create(place.home, recorded, place.redactor, asked.session))
    notices = notices_of(resumed, settings, start.model, start.wire, start.base_url)
    anew = changed_settings(settings, schema, resumed.start)
    resumed.go_on(anew)
    return _OpenedSession(resumed, tuple(anew), tuple(notices))


def _priced(settings: Settings, model: Model) -> Settings:
    """``settings``, but no limit of money that a session was told is kept where no price is known now."""
    return settings if model.priced else settings.typed(settings.given | {"max_cost"})


def _affordable(request: RunRequest, asked: RunRequest, resumed: Session | None, model: Model) -> RunRequest:
    """``request`` without a limit of money that a session was told, where no price is known now."""
    if resumed is None or model.priced or "max_cost" in asked.settings.given:
        return request
    return replace(request, settings=request.settings.model_copy(update={"max_cost": None}))


def _resume(
    request: RunRequest, place: Place, stack: AsyncExitStack, interceptor: RunInterceptor | None
) -> Session | None:
    """The session to go on with, a replay's with what the recorded one held; None where one begins."""
    meant, root = request.settings.resume, place.workspace.root
    if request.settings.fork:
        if meant:
            raise UsageError("Give --resume to go on with a session itself, or --fork with a copy, not both.")
        meant = fork(find_session(place.home, request.settings.fork, root), redactor=place.redactor).id
    carried = interceptor.carried if interceptor is not None else None
    if meant:
        session = Session.resume(place.home, meant, root, place.redactor)
        if session.cut_off:
            from seedsmith.sandbox.git.private_clone import remove_folder

            end_left_behind(session.folder / PRIVATE_TMP)
            remove_folder(session.folder / COPIES)
        if request.settings.fork:
            stack.push(lambda kind, *_: session.drop_unbegun() if kind is not None else None)
    elif carried is not None:
        session = carried.begin(place.home, root, place.redactor)
    else:
        return None
    stack.callback(session.close)
    return session


def _resumed_request(asked: RunRequest, resumed: Session) -> RunRequest:
    """The request with all the session was told; without a new prompt, what it was for is so still."""
    settings = resumed_settings(asked.settings, resumed.start)
    fixing = asked.fixing or (resumed.start.fixing and not asked.prompt)
    return replace(asked, settings=settings, fixing=fixing)


def _open_model(
    request: RunRequest, known: Catalog, interceptor: RunInterceptor | None, stack: AsyncExitStack
) -> Model:
    """The model to ask; ``stack`` closes it."""
    from seedsmith.agent.models.open import open_model

    model = open_model(request.settings, request.environment, interceptor, known)
    stack.push_async_callback(model.aclose)
    return model


def _address(request: RunRequest, model: Model, interceptor: RunInterceptor | None) -> str:
    """Where the user said the service is, to be shown; a replay goes by no environment."""
    from seedsmith.agent.models.open import given_address

    ambient = {} if interceptor is not None and interceptor.replays else request.environment
    return "" if model.provider == "local" else shown(given_address(request.settings, ambient))


async def _attach(
    request: RunRequest,
    place: Place,
    model: Model,
    resumed: Session | None,
    interceptor: RunInterceptor | None,
) -> Attached:
    """The pictures that go with the prompt; a replay's are the recorded ones."""
    if interceptor is not None and interceptor.replays:
        return Attached(interceptor.images)
    named = request.settings.image or ()
    prompt = request.prompt.removesuffix(request.piped)
    return await attach(named, prompt, request.typed, resumed, place.workspace.root, model)


def _task(
    asked: RunRequest, skills: SessionSkills, resumed: Session | None, carried: PriorHistory | None
) -> str:
    """What the model is to do now; '' where a conversation only goes on.

    A conversation that goes on holds its skill's instructions already, unless a skill is asked for again.
    """
    goes_on, prompt = _is_under_way(resumed), _prompt(asked, resumed)
    named = asked.settings.skill is not None and (carried is None or "skill" in carried.changed_settings)
    task = prompt if goes_on and not named else skills.task(prompt)
    if goes_on and resumed is not None and resumed.put_back is not None:
        task = f"{_put_back_note(resumed.put_back)}\n\n{task}".strip()
    if task and asked.settings.approve == "plan":
        return f"{task}\n\n{wording('plan.md').strip()}"
    return task


def _is_under_way(resumed: Session | None) -> bool:
    return resumed is not None and bool(resumed.conversation.items)


def _prompt(asked: RunRequest, resumed: Session | None) -> str:
    return asked.prompt or (
        resumed.start.prompt if resumed is not None and not _is_under_way(resumed) else ""
    )


def _delegation(asked: RunRequest, skills: SessionSkills, resumed: Session | None) -> ToolCall | None:
    """The call that hands the named skill over, where it was named now or nothing was said yet."""
    if skills.named is None or skills.own or (_is_under_way(resumed) and asked.settings.skill is None):
        return None
    return skills.delegation(_prompt(asked, resumed))


def _put_back_note(files: PutBack) -> str:
    """What the model has to know of files that a person put back while its conversation stayed."""
    paths = ", ".join(map(shown_path, files.paths))
    more = f" and {files.count - len(files.paths):,} more" if files.count > len(files.paths) else ""
    return wording("put-back.md", count=count(files.count, "path"), paths=paths + more).strip()


def _open_skills(
    request: RunRequest,
    place: Place,
    profile: Profile,
    entry: ModelEntry,
    library: Library | None,
    resumed: Session | None,
) -> SessionSkills:
    """The session's skills; a model that has no tool for them gets none but the one that is named."""
    if library is None:
        wanted = profile.tools is None or request.settings.skill is not None
        library = open_library(request.settings, request.environment) if wanted else Library({})
    return open_skills(
        request,
        library,
        profile,
        place.workspace.root,
        context_tokens=entry.context_tokens,
        history=resumed.conversation.items if resumed else (),
    )


def _open_servers(request: RunRequest, place: Place, profile: Profile) -> SessionServers:
    """The MCP servers; a model that has no tool for them gets none."""
    if profile.tools is not None:
        return SessionServers()
    return open_servers(request.settings, place.workspace.root, place.home, request.environment)


def _start(
    asked: RunRequest, settled: Settings, place: Place, model: Model, profile: Profile, address: str
) -> SessionStart:
    """What a new session is started with; its schema and pictures are told by the caller."""
    return SessionStart(
        workspace=str(place.workspace.root),
        model=f"{model.provider}/{model.name}",
        wire=model.wire,
        profile=profile.name,
        prompt=asked.prompt,
        verify=settled.verify,
        skill=settled.skill or "",
        skill_with=settled.skill_with or {},
        base_url=address,
        own_verify=asked.settings.wrote(settled.verify or ""),
        fixing=asked.fixing,
        parent=asked.parent,
    )


def _limits(
    settings: Settings, skills: SessionSkills, model: Model, entry: ModelEntry, *, searches: bool
) -> Limits:
    """What the user set, else what the skill wishes for, else the defaults; a search has turns of its own."""
    wished = skills.budget.model_dump() if skills.budget else {}
    return choose_limits(
        turns=settings.max_turns or (SEARCH_TURNS if searches else wished.get("turns")),
        tokens=settings.max_tokens or wished.get("tokens"),
        cost=settings.max_cost or (wished.get("cost") if model.priced else None),
        seconds=settings.max_time or wished.get("seconds"),
        priced=model.priced,
        free=entry.price is not None and entry.price.free,
    )
