"""Opens a run's workspace, model and session; what can't be used is refused before anything is sent."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from seedsmith.agent.calls.tools import open_extensions, open_tools
from seedsmith.agent.context.pictures import Attached, attach
from seedsmith.agent.context.profile import SEARCH_TURNS, Profile, choose_profile, profile_named
from seedsmith.agent.context.prompts import prompt as wording
from seedsmith.agent.events import NoticeGiven
from seedsmith.agent.loop import parameter_checks
from seedsmith.agent.loop.budget import Limits, choose_limits
from seedsmith.agent.loop.output_check import OutputCheck, open_output
from seedsmith.agent.models.address import shown
from seedsmith.agent.models.base import Model
from seedsmith.agent.models.catalog import catalog
from seedsmith.agent.models.catalog.catalog import Catalog, ModelEntry, Wire
from seedsmith.agent.run.named_skill import SessionSkills, open_library, open_skills
from seedsmith.agent.sessions.place import Place, open_place
from seedsmith.agent.sessions.resume import changes, gone_on_with, limits_dropped, limits_set
from seedsmith.agent.sessions.session import Session, SessionStart
from seedsmith.agent.settings.request import RunRequest
from seedsmith.agent.settings.settings import Settings
from seedsmith.skills.loader import Library
from seedsmith.tools.base import Tool

if TYPE_CHECKING:
    from seedsmith.agent.recording.interceptor import RunInterceptor


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
    skills: SessionSkills
    extensions: tuple[Tool, ...]
    """Tools of packages."""
    output: OutputCheck | None
    """Holds the final message to a schema, where one was given."""
    attached: Attached
    """The pictures that go with the prompt."""
    notices: tuple[NoticeGiven, ...] = ()
    """What a person should know first."""

    @property
    def entry(self) -> ModelEntry:
        """What the catalog knows of the model that is asked now."""
        return self.known.resolve(f"{self.model.provider}/{self.model.name}")[1]

    @property
    def spoken(self) -> Wire:
        """How the model is spoken to now."""
        return self.known.providers[self.model.provider].wires[self.model.wire]


async def open_run(
    asked: RunRequest, stack: AsyncExitStack, interceptor: RunInterceptor | None, library: Library | None
) -> OpenedRun:
    """Open the workspace and the model, and begin a session or take up ``settings.resume``.

    ``stack`` closes all. ``library`` holds the skills; None: those that are found. Raises
    :class:`AgentError`, :class:`SandboxError` and :class:`seedsmith.skills.errors.SkillError` for what can't
    be used.
    """
    from seedsmith.agent.models.open import open_model

    place = open_place(asked.settings, asked.environment)
    stack.callback(place.workspace.close)
    output = open_output(asked.settings.output_schema, interceptor.output if interceptor else None)
    known = (interceptor.known if interceptor else None) or catalog.load(asked.environment)
    resumed = _resume(asked, place, stack)
    request = replace(asked, settings=gone_on_with(asked.settings, resumed.start)) if resumed else asked
    model = open_model(request.settings, request.environment, interceptor, known)
    stack.push_async_callback(model.aclose)
    address = _address(request, model, interceptor)
    attached = await _attach(request, place, model, resumed, interceptor)
    profile = profile_named(resumed.start.profile) if resumed else choose_profile(model.provider)
    name = f"{model.provider}/{model.name}"
    entry = known.resolve(name)[1]
    skills = _open_skills(request, place, profile, entry, library, resumed)
    settled = replace(request, settings=skills.filled(request.settings))
    extensions = open_extensions(settled.settings, profile)
    task = _task(asked, skills, resumed)
    asked_for = task or (resumed.start.prompt if resumed else "")
    tools = partial(open_tools, profile, vision=model.vision, extensions=extensions.tools)
    parameter_checks.check(settled.settings, asked_for, tools() if settled.settings.tool_choice else ())
    limits = _limits(settled.settings, skills, model, entry, searches=request.fixing and profile.searches)
    session = resumed
    if session is None:
        session = _begin(settled, place, model, profile, attached, address)
        stack.callback(session.close)
    return OpenedRun(
        request=settled,
        place=place,
        interceptor=interceptor,
        model=model,
        session=session,
        profile=profile,
        limits=limits,
        known=known,
        task=task,
        skills=skills,
        extensions=extensions.tools,
        output=output,
        attached=attached,
        notices=(
            *(changes(resumed.start, name, model.wire, address) if resumed else ()),
            *(limits_dropped(resumed.start, settled.settings, limits.to_json()) if resumed else ()),
            *skills.notices,
            *extensions.notices,
            *attached.notices,
        ),
    )


def _resume(request: RunRequest, place: Place, stack: AsyncExitStack) -> Session | None:
    """The session to go on with; None where a new one begins."""
    if not request.settings.resume:
        return None
    session = Session.resume(place.home, request.settings.resume, place.workspace.root, place.redactor)
    stack.callback(session.close)
    return session


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


def _task(asked: RunRequest, skills: SessionSkills, resumed: Session | None) -> str:
    """What the model is to do now; '' where a conversation only goes on.

    A conversation that goes on holds its skill's instructions already, unless a skill is asked for again.
    """
    goes_on = resumed is not None and bool(resumed.conversation.items)
    prompt = asked.prompt or (resumed.start.prompt if resumed is not None and not goes_on else "")
    task = prompt if goes_on and asked.settings.skill is None else skills.task(prompt)
    if task and asked.settings.approve == "plan":
        return f"{task}\n\n{wording('plan.md').strip()}"
    return task


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


def _begin(
    request: RunRequest, place: Place, model: Model, profile: Profile, attached: Attached, address: str
) -> Session:
    settings = request.settings
    start = SessionStart(
        workspace=str(place.workspace.root),
        model=f"{model.provider}/{model.name}",
        wire=model.wire,
        profile=profile.name,
        prompt=request.prompt,
        verify=settings.verify,
        images=attached.paths,
        skill=settings.skill or "",
        skill_with=settings.skill_with or {},
        limits=limits_set(settings),
        base_url=address,
    )
    return Session.create(place.home, start, place.redactor)


def _limits(
    settings: Settings, skills: SessionSkills, model: Model, entry: ModelEntry, *, searches: bool
) -> Limits:
    """What the user set, else what the skill wishes for, else the defaults; a search has turns of its own."""
    wishes = skills.budget
    return choose_limits(
        turns=settings.max_turns or (SEARCH_TURNS if searches else wishes.turns),
        tokens=settings.max_tokens or wishes.tokens,
        cost=settings.max_cost or (wishes.cost if model.priced else None),
        seconds=settings.max_time or wishes.seconds,
        priced=model.priced,
        free=entry.price is not None and entry.price.free,
    )
