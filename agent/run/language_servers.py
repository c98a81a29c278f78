"""The language servers of one session: those the repository uses and has, none of them started."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seedsmith.agent.context.profile import Profile
from seedsmith.agent.settings.run_request import RunRequest
from seedsmith.tools.base import ToolContext

if TYPE_CHECKING:
    from seedsmith.tools.symbols.pool import LanguageServers


def open_language_servers(
    request: RunRequest, profile: Profile, context: ToolContext
) -> LanguageServers | None:
    """The servers of a session, in a conversation those of the run before.

    None where there are none, or nothing can keep them from changing files.
    What they answer depends on their pace, so that a run that is recorded or replayed has none.
    """
    settings = request.settings
    recorded = settings.record is not None or settings.replay is not None
    confined = context.processes.isolation.name == "bwrap"
    if not settings.language_servers or recorded or not confined:
        return None
    if request.parent or profile.tools is not None:
        return None
    from seedsmith.tools.symbols.servers import find_servers

    found = find_servers(context.workspace.root, request.environment)
    if not found or not _library_is_there():
        return None
    from seedsmith.tools.symbols.pool import LanguageServers, companion

    kept = context.background.companions.get(companion(found))
    if not isinstance(kept, LanguageServers):
        return LanguageServers(found, context)
    kept.go_on(context)
    return kept


def _library_is_there() -> bool:
    from importlib.util import find_spec

    return find_spec("pylsp_jsonrpc") is not None
