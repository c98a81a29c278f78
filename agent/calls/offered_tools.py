"""The tools that a run offers: built-in tools, tools of packages, the skill tool and the ask tool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seedsmith.agent.calls.approval import Approver
from seedsmith.agent.calls.finish_tool import NAME as FINISH
from seedsmith.agent.calls.finish_tool import FinishTool
from seedsmith.agent.context.profile import Profile
from seedsmith.agent.settings.settings import Settings
from seedsmith.tools.base import Tool

if TYPE_CHECKING:
    from seedsmith.agent.calls.extensions import Extensions
    from seedsmith.skills.active import ActiveSkills
    from seedsmith.tools.mcp.pool import ServerPool
    from seedsmith.tools.symbols.pool import LanguageServers

SKILL = "skill_tool:SkillTool"
ASK = "ask_tool:AskTool"


def open_extensions(settings: Settings, profile: Profile) -> Extensions:
    """The tools of installed packages, where the profile offers all tools and the user wants them."""
    from seedsmith.agent.calls.extensions import Extensions, load_extensions
    from seedsmith.agent.calls.optional_tools import NAMES

    if profile.tools is not None or not settings.extensions:
        return Extensions()
    return load_extensions(lambda: (*open_tools(profile, vision=True), FINISH, *NAMES))


def open_tools(
    profile: Profile,
    approver: Approver | None = None,
    extensions: tuple[Tool, ...] = (),
    *,
    vision: bool = False,
    skills: ActiveSkills | None = None,
    servers: ServerPool | None = None,
) -> dict[str, Tool]:
    """The tools of a profile by name, in the order in which the model gets them.

    If ``approver`` is a :class:`seedsmith.agent.calls.respondent.Respondent`, the ask tool puts its questions
    to it. ``vision`` says whether the model accepts images. ``skills`` are the session's; the skill tool is
    offered even if there are none, so that the list of tools is always the same. ``servers`` are those of the
    Model Context Protocol: their tool is offered where there are any. ``extensions``, the tools that are
    asked for and those of packages, come last.
    """
    from seedsmith.agent.calls.respondent import Respondent
    from seedsmith.skills.active import ActiveSkills
    from seedsmith.skills.loader import Library
    from seedsmith.tools.deferred import DeferredTool
    from seedsmith.tools.registry import default_tools

    respondent = approver if isinstance(approver, Respondent) else None
    background = profile.tools is None or "shell_output" in profile.tools
    active = skills or ActiveSkills(Library({}))
    every = (
        *default_tools(background=background, vision=vision),
        DeferredTool(SKILL, active, package="seedsmith.skills"),
        DeferredTool(ASK, respondent, package="seedsmith.agent.calls", offered=respondent is not None),
        *_server_tools(servers, vision=vision),
        *extensions,
    )
    tools: dict[str, Tool] = {tool.spec.name: tool for tool in every}
    if profile.tools is not None:
        tools = {name: tools[name] for name in profile.tools}
    if profile.finish_tool:
        finish = FinishTool()
        tools[finish.spec.name] = finish
    return tools


def _server_tools(servers: ServerPool | None, *, vision: bool) -> tuple[Tool, ...]:
    if servers is None:
        return ()
    from seedsmith.tools.mcp.mcp_tool import McpTool

    return (McpTool(servers, vision=vision),)


def navigation(languages: LanguageServers | None) -> tuple[Tool, ...]:
    """The tool for ``languages``, where one of those servers navigates."""
    if languages is None or not languages.navigates:
        return ()
    from seedsmith.tools.symbols.symbols_tool import SymbolsTool

    return (SymbolsTool(languages),)
