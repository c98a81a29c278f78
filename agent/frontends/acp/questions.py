"""Asks the person in the editor: whether a call may run, and what the model wants to know."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from acp.exceptions import RequestError
from acp.interfaces import Client
from acp.schema import (
    AcceptElicitationResponse,
    AllowedOutcome,
    ElicitationFormSessionMode,
    ElicitationSchema,
    ElicitationStringPropertySchema,
    PermissionOption,
    ToolCallUpdate,
)

from seedsmith.agent.calls.approval import Allowed, ApprovalRequest, Refused
from seedsmith.agent.calls.respondent import Question
from seedsmith.agent.frontends.approver import choices, decision, readable
from seedsmith.agent.frontends.line_wrapping import as_told
from seedsmith.agent.frontends.terminal import one_line
from seedsmith.agent.settings.permissions.grants import Grant

_ONCE, _REJECT = "y", "n"
_NAME_CHARACTERS = 100
_UNASKED = (OSError, RequestError, ValueError)
"""The editor is gone, can't ask, or answers what is no answer."""


class EditorApprover:
    """An :class:`Approver` by the editor's own question about a call."""

    def __init__(
        self,
        client: Client,
        session: str,
        call: Callable[[str, str], ToolCallUpdate],
        before: Callable[[], Awaitable[None]],
        granted: list[Grant],
    ) -> None:
        """``call`` gives a call as the editor knows it; ``before`` is awaited before it is asked about.

        ``granted`` holds what the person said yes to for the session, and is added to.
        """
        self._client = client
        self._session = session
        self._call = call
        self._before = before
        self._granted = granted

    async def approve(self, request: ApprovalRequest) -> bool | Allowed | Refused:
        """Show the whole call and why it is asked; anything but a yes is a no."""
        if any(map(request.covered_by, self._granted)):
            return True
        await self._before()
        shown = f"{as_told(request.why)}\n\n{readable(request.what)}"
        options = _options(request)
        try:
            answer = await self._client.request_permission(
                session_id=self._session,
                tool_call=self._call(request.call_id, shown),
                options=options,
            )
        except _UNASKED:
            return Refused("the editor could not ask")
        outcome = answer.outcome
        offered = {each.option_id for each in options} - {_REJECT}
        if not isinstance(outcome, AllowedOutcome) or outcome.option_id not in offered:
            return Refused()
        return decision(outcome.option_id, request, self._granted.append)


def _options(request: ApprovalRequest) -> list[PermissionOption]:
    """What the person can answer: the same choices as at a terminal, by the same letters."""
    kept = [
        PermissionOption(
            option_id=letters,
            name=one_line(as_told(f"{_for_good(letters)}, {grant.description}"), _NAME_CHARACTERS),
            kind="allow_always",
        )
        for letters, grant in choices(request).items()
    ]
    return [
        PermissionOption(option_id=_ONCE, name=as_told("Run it"), kind="allow_once"),
        *kept,
        PermissionOption(option_id=_REJECT, name=as_told("Don't"), kind="reject_once"),
    ]


def _for_good(letters: str) -> str:
    return "Always in this folder" if letters.startswith("a") else "For this session"


class EditorRespondent(EditorApprover):
    """Also a :class:`Respondent`, in an editor that shows forms."""

    async def answer(self, question: Question) -> str:
        """Show the question and its options as a form; '' where the person gives no answer."""
        await self._before()
        fields = {}
        if question.options:
            fields["choice"] = ElicitationStringPropertySchema(
                type="string", title=as_told("Answer"), enum=list(question.options)
            )
        title = as_told("Another answer" if question.options else "Answer")
        fields["answer"] = ElicitationStringPropertySchema(type="string", title=title)
        mode = ElicitationFormSessionMode(
            session_id=self._session, requested_schema=ElicitationSchema(properties=dict(fields))
        )
        try:
            found = await self._client.create_elicitation(message=question.text, mode=mode)
        except _UNASKED:
            return ""
        if not isinstance(found, AcceptElicitationResponse):
            return ""
        given = found.content or {}
        return str(given.get("answer") or given.get("choice") or "")
