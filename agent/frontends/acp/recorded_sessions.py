"""Recorded sessions for an editor: the list, and the one that an id names."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from acp.exceptions import RequestError
from acp.schema import ListSessionsResponse, SessionInfo

from seedsmith.agent.errors import SessionError, UsageError
from seedsmith.agent.frontends.acp.editor_session import EditorSession
from seedsmith.agent.frontends.line_wrapping import as_told
from seedsmith.agent.frontends.terminal import one_line
from seedsmith.agent.sessions.recorded_sessions import RecordedSession, Sessions
from seedsmith.agent.sessions.summary import SessionSummary
from seedsmith.agent.settings.state_folder import state_folder

_NOT_FOUND = -32002
_A_PAGE = 100
_TITLE_CHARACTERS = 80


def find_recorded(session: EditorSession) -> RecordedSession:
    """The recorded session that ``session`` goes on with.

    Raises :class:`RequestError` where there is none, or it belongs to another folder.
    """
    home = state_folder(session.settings.home, session.environment)
    try:
        found = Sessions(home).open(session.id, session.settings.workspace)
    except SessionError as error:
        raise RequestError(_NOT_FOUND, as_told(str(error))) from None
    if found.id != session.id:
        raise RequestError(_NOT_FOUND, as_told(f"There is no session {session.id!r:.80}."))
    if found.folder.workspace != session.settings.workspace.resolve():
        raise UsageError(f"Session {found.id} belongs to the folder {found.folder.workspace}.")
    return found


async def listed(
    home: Path | None, environment: Mapping[str, str], folder: str | None, cursor: str | None
) -> ListSessionsResponse:
    """A page of the sessions of ``folder``, or of all folders, from ``cursor`` on."""
    if cursor is not None and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 10):
        raise UsageError(f"There is no page {cursor!r:.80} of the list.")
    first = int(cursor or 0)
    state = state_folder(home, environment)
    found = await asyncio.to_thread(Sessions(state).list, folder)
    known = [each for each in found if each.model and not each.parent]
    page = [_info(each) for each in known[first : first + _A_PAGE]]
    more = str(first + _A_PAGE) if len(known) > first + _A_PAGE else None
    return ListSessionsResponse(sessions=page, next_cursor=more)


def _info(summary: SessionSummary) -> SessionInfo:
    worked = datetime.fromtimestamp(summary.worked, UTC)
    return SessionInfo(
        session_id=summary.id,
        cwd=summary.workspace,
        title=one_line(summary.asked, _TITLE_CHARACTERS),
        updated_at=worked.isoformat(timespec="seconds"),
    )
