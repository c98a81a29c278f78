"""Opens a run's model and session; whatever can't be used as asked for is told before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from seedsmith.agent.calls.tools import open_extensions, open_tools
from seedsmith.agent.context.pictures import Attached, attach
from seedsmith.agent.context.profile import SEARCH_TURNS, Profile, choose_profile, profile_named
from seedsmith.agent.conversation import Item
from seedsmith.agent.events import NoticeGiven
from seedsmith.agent.loop import parameters
from seedsmith.agent.loop.budget import Limits, choose_limits
from seedsmith.agent.loop.output_schema import OutputCheck, open_output
from seedsmith.agent.models.address import shown
from seedsmith.agent.models.base import Model
from seedsmith.agent.models.catalog import catalog
from seedsmith.agent.models.catalog.catalog import Catalog, ModelEntry, Wire
from seedsmith.agent.run.named_skill import SessionSkills, open_library, open_skills
from seedsmith.agent.sessions.place import Place
from seedsmith.agent.sessions.resume import changes, gone_on_with, limits_dropped, limits_set
from seedsmith.agent.sessions.session import Session, SessionStart
from seedsmith.agent.settings.settings import Settings
from seedsmith.skills.loader import Library
from seedsmith.tools.base import Tool

if TYPE_CHECKING:
    from seedsmith.agent.recording.tape import Tape


@dataclass(frozen=True, slots=True)
class Opened:
    """A model, and the session it works on."""

    model: Model
    session: Session
    profile: Profile
    limits: Limits
    known: Catalog
    settings: Settings
    """What the run was told, with what its skill adds."""
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

    @property
    def entry(self) -> ModelEntry:
        """What the catalog knows of the model that is asked now."""
        return self.known.resolve(f"{self.model.provider}/{self.model.name}")[1]

    @property
    def spoken(self) -> Wire:
        """How the model is spoken to now."""
        return self.known.providers[self.model.provider].wires[self.model.wire]


async def open_session(
    settings: Settings,
    prompt: str,
    environment: Mapping[str, str],
    place: Place,
    stack: AsyncExitStack,
    fixing: bool,
    typed: bool,
    tape: Tape | None,
    library: Library | None,
) -> Opened:
    """Open the model and begin a session, or take up ``settings.resume``; ``stack`` closes both.

    ``library`` holds the skills; None: those that are found. Raises :class:`AgentError` and
    :class:`seedsmith.skills.errors.SkillError` for what can't be used.
    """
    from seedsmith.agent.models.open import given_address, open_model

    output = open_output(settings.output_schema, tape.output if tape is not None else None)
    known = (tape.known if tape is not None else None) or catalog.load(environment)
    resumed: Session | None = None
    names_skill = settings.skill is not None
    if settings.resume:
        resumed = Session.resume(place.home, settings.resume, place.workspace.root, place.redactor)
        stack.callback(resumed.close)
        settings = gone_on_with(settings, resumed.start)
    model = open_model(settings, environment, tape, known)
    stack.push_async_callback(model.aclose)
    ambient = {} if tape is not None and tape.replays else environment
    address = "" if model.provider == "local" else shown(given_address(settings, ambient))
    if tape is not None and tape.replays:
        attached = Attached(tape.images)
    else:
        attached = await attach(settings.image or (), prompt, typed, resumed, place.workspace.root, model)
    profile = profile_named(resumed.start.profile) if resumed else choose_profile(model.provider)
    name = f"{model.provider}/{model.name}"
    entry = known.resolve(name)[1]
    begun = resumed.conversation.items if resumed else ()
    skills = _open_skills(settings, library, environment, profile, place, entry, begun)
    settings = skills.filled(settings)
    extensions = open_extensions(settings, profile)
    words = prompt or (resumed.start.prompt if resumed and not begun else "")
    task = skills.task(words) if names_skill or not begun else words
    asked = task or (resumed.start.prompt if resumed else "")
    offered = partial(open_tools, profile, vision=model.vision, extensions=extensions.tools)
    parameters.check(settings, asked, offered() if settings.tool_choice else ())
    limits = _limits(settings, skills, model, entry, searches=fixing and profile.searches)
    notices: tuple[NoticeGiven, ...] = ()
    if resumed is None:
        session = _begin(place, model, profile, prompt, settings, attached, address)
        stack.callback(session.close)
    else:
        session, notices = resumed, changes(resumed.start, name, model.wire, address)
        if dropped := limits_dropped(resumed.start, settings, limits.to_json()):
            notices = (*notices, dropped)
    notices = (*notices, *skills.notices, *extensions.notices)
    told = (settings, task, skills, extensions.tools, output, attached, notices)
    return Opened(model, session, profile, limits, known, *told)


def _begin(
    place: Place,
    model: Model,
    profile: Profile,
    prompt: str,
    settings: Settings,
    attached: Attached,
    address: str,
) -> Session:
    start = SessionStart(
        workspace=str(place.workspace.root),
        model=f"{model.provider}/{model.name}",
        wire=model.wire,
        profile=profile.name,
        prompt=prompt,
        verify=settings.verify,
        images=attached.paths,
        skill=settings.skill or "",
        skill_with=settings.skill_with or {},
        limits=limits_set(settings),
        base_url=address,
    )
    return Session.create(place.home, start, place.redactor)


def _open_skills(
    settings: Settings,
    library: Library | None,
    environment: Mapping[str, str],
    profile: Profile,
    place: Place,
    entry: ModelEntry,
    history: tuple[Item, ...],
) -> SessionSkills:
    """The session's skills; a model that has no tool for them gets none but the one that is named."""
    if library is None:
        wanted = profile.tools is None or settings.skill is not None
        library = open_library(settings, environment) if wanted else Library({})
    return open_skills(
        settings,
        library,
        profile,
        place.workspace.root,
        context_tokens=entry.context_tokens,
        path=environment.get("PATH"),
        history=history,
    )


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
