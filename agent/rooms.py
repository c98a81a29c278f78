"""Opens what a session works in: the workspace, the state folder, the processes and the tools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seedsmith.agent.approval import Approver
from seedsmith.agent.errors import SessionError
from seedsmith.agent.finish import NAME as FINISH
from seedsmith.agent.finish import FinishTool
from seedsmith.agent.profile import Profile
from seedsmith.agent.redact import Redactor
from seedsmith.agent.session import PRIVATE_TMP, SPILLS, prepare_state, state_folder
from seedsmith.agent.settings import Settings
from seedsmith.sandbox.isolation.base import Policy
from seedsmith.sandbox.process import ProcessRunner
from seedsmith.sandbox.spill import SpillStore
from seedsmith.sandbox.workspace import Workspace
from seedsmith.tools.base import Tool, ToolContext, ToolError

if TYPE_CHECKING:
    from seedsmith.agent.extensions import Extensions
    from seedsmith.sandbox.baseline import Baseline
    from seedsmith.skills.active import ActiveSkills


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run happens: known before anything is started."""

    workspace: Workspace
    home: Path
    """The state folder."""
    redactor: Redactor


def open_place(settings: Settings, environment: Mapping[str, str]) -> Place:
    """Open the workspace and the state folder; raises WorkspaceError or UsageError."""
    home = state_folder(settings.home, environment)
    workspace = Workspace(settings.workspace, state=home)
    try:
        home = prepare_state(home, workspace.root)
    except BaseException:
        workspace.close()
        raise
    return Place(workspace, home, Redactor.from_environment(environment, settings.api_key))


def open_tool_context(
    settings: Settings,
    environment: Mapping[str, str],
    place: Place,
    session_folder: Path,
    readable: tuple[Path, ...] = (),
) -> ToolContext:
    """Choose the isolation, by what its probe shows, and make what tools work with.

    ``readable`` are files and folders outside the workspace that commands are shown, read-only.

    Blocks until the probe has ended, on the thread that will run commands, as
    :class:`Selection` asks. Raises :class:`NoIsolation`.
    """
    from seedsmith.sandbox.isolation.select import choose

    policy = Policy(
        workspace=place.workspace.root,
        private_tmp=session_folder / PRIVATE_TMP,
        state=place.home,
        network=settings.network == "on",
        also_readable=readable,
        environ=environment,
    )
    isolation = choose(settings.sandbox, policy)
    spills = SpillStore(session_folder / SPILLS)
    processes = ProcessRunner(isolation, policy, spills)
    return ToolContext(place.workspace, processes, spills, ignored=tuple(settings.ignore or ()))


def open_baseline(place: Place, session_folder: Path) -> Baseline:
    """What the workspace was when the session began; takes a while, so run it in a thread.

    A session that was stopped before its baseline was complete has changed nothing: it is taken then.
    """
    from seedsmith.sandbox.baseline import Baseline
    from seedsmith.tools.ripgrep import find_ripgrep

    try:
        ripgrep = find_ripgrep(place.workspace.root)
    except ToolError:
        ripgrep = None
    try:
        found = Baseline.load(place.workspace, session_folder, ripgrep)
        return found or Baseline.take(place.workspace, session_folder, ripgrep)
    except (OSError, ValueError, KeyError) as error:  # a full disk, or a resumed session's damaged index
        why = getattr(error, "strerror", None) or f"what is kept in {session_folder} is damaged"
        raise SessionError(f"Can't record what the workspace is now: {why}.") from error


def open_extensions(settings: Settings, profile: Profile) -> Extensions:
    """The tools of installed packages, where the profile offers all tools and the user wants them."""
    from seedsmith.agent.extensions import Extensions, load_extensions

    if profile.tools is not None or not settings.extensions:
        return Extensions()
    return load_extensions(lambda: (*open_tools(profile, vision=True), FINISH))


def open_tools(
    profile: Profile,
    approver: Approver | None = None,
    extensions: tuple[Tool, ...] = (),
    *,
    vision: bool = False,
    skills: ActiveSkills | None = None,
) -> dict[str, Tool]:
    """The tools a profile offers, by name, in the order they are told.

    ``approver`` is who may be asked questions, too, if it is an :class:`seedsmith.agent.ask.Respondent`.
    ``vision`` says whether the model takes pictures. ``skills`` are those of the session: the tool for them
    is offered with or without any, so that the array of tools is the same. ``extensions`` are the tools of
    packages, which follow the built-in ones.
    """
    from seedsmith.agent.ask import AskTool, Respondent
    from seedsmith.skills.active import ActiveSkills
    from seedsmith.skills.loader import Library
    from seedsmith.skills.tool import SkillTool
    from seedsmith.tools.registry import default_tools

    respondent = approver if isinstance(approver, Respondent) else None
    background = profile.tools is None or "shell_output" in profile.tools
    skill_tool = SkillTool(skills or ActiveSkills(Library({})))
    every = (
        *default_tools(background=background, vision=vision),
        skill_tool,
        AskTool(respondent),
        *extensions,
    )
    tools: dict[str, Tool] = {tool.spec.name: tool for tool in every}
    if profile.tools is not None:
        tools = {name: tools[name] for name in profile.tools}
    if profile.finish_tool:
        finish = FinishTool()
        tools[finish.spec.name] = finish
    return tools
