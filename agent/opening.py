"""Opens a run's model and session; whatever can't be used as asked for is told before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent import parameters
from agent.budget import Limits, choose_limits
from agent.events import NoticeGiven
from agent.images import Attached, attach
from agent.models import catalog
from agent.models.base import Model
from agent.models.catalog import Catalog, ModelEntry, Wire
from agent.output_schema import OutputCheck, open_output
from agent.profile import SEARCH_TURNS, Profile, choose_profile, profile_named
from agent.resume import changes, gone_on_with
from agent.rooms import Place, open_tools
from agent.session import Session, SessionStart
from agent.settings import Settings

if TYPE_CHECKING:
    from agent.recording.tape import Tape


@dataclass(frozen=True, slots=True)
class Opened:
    """A model, and the session it works on."""

    model: Model
    session: Session
    profile: Profile
    limits: Limits
    known: Catalog
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
) -> Opened:
    """Open the model and begin a session, or take up ``settings.resume``; ``stack`` closes both.

    Raises :class:`agent.errors.AgentError` for what can't be used.
    """
    from agent.models.open import open_model

    output = open_output(settings.output_schema)
    resumed: Session | None = None
    if settings.resume:
        resumed = Session.resume(place.home, settings.resume, place.workspace.root, place.redactor)
        stack.callback(resumed.close)
        settings = gone_on_with(settings, resumed.start)
    model = open_model(settings, environment, tape)
    stack.push_async_callback(model.aclose)
    if tape is not None and tape.replays:
        attached = Attached(tape.images)
    else:
        attached = await attach(settings.image or (), prompt, typed, resumed, place.workspace.root, model)
    profile = profile_named(resumed.start.profile) if resumed else choose_profile(model.provider)
    task = prompt or (resumed.start.prompt if resumed else "")
    parameters.check(settings, task, open_tools(profile, vision=model.vision) if settings.tool_choice else ())
    known = catalog.load(environment)
    name = f"{model.provider}/{model.name}"
    price = known.resolve(name)[1].price
    limits = choose_limits(
        turns=settings.max_turns or (SEARCH_TURNS if fixing and profile.searches else None),
        tokens=settings.max_tokens,
        cost=settings.max_cost,
        seconds=settings.max_time,
        priced=model.priced,
        free=price is not None and price.free,
    )
    root = str(place.workspace.root)
    notices: tuple[NoticeGiven, ...] = ()
    if resumed is None:
        start = SessionStart(root, name, model.wire, profile.name, prompt, settings.verify, attached.paths)
        session = Session.create(place.home, start, place.redactor)
        stack.callback(session.close)
    else:
        session, notices = resumed, changes(resumed.start, name, model.wire)
    return Opened(model, session, profile, limits, known, output, attached, notices)
