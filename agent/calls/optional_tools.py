"""The tools that are offered only where settings or the named skill ask for them."""

from __future__ import annotations

from collections.abc import Collection

from seedsmith.agent.context.profile import Profile
from seedsmith.agent.settings.settings import Settings
from seedsmith.tools.base import Tool

NAMES = ("browser", "fetch")


def asked_tools(
    settings: Settings, profile: Profile, skill_tools: Collection[str], *, vision: bool
) -> tuple[Tool, ...]:
    """The tools asked for, decided once: the list the model gets stays as it is.

    ``skill_tools`` are those that the named skill says it needs.
    """
    if profile.tools is not None:
        return ()
    tools: list[Tool] = []
    if settings.browser or (settings.browser is None and "browser" in skill_tools):
        from seedsmith.tools.browser.browser_tool import BrowserTool

        tools.append(BrowserTool(vision=vision))
    replayable = settings.record is None and settings.replay is None
    if settings.network != "off" and replayable:  # what is fetched can't be replayed
        from seedsmith.tools.web.fetch_tool import FetchTool

        tools.append(FetchTool())
    return tuple(tools)
