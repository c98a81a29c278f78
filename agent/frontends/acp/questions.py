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

from seedsmith.agent.calls.approval import ApprovalRequest, Refused
from seedsmith.agent.calls.ask_tool import Question
from seedsmith.agent.frontends.approver import readable

_ALLOW, _REJECT = "allow", "reject"
_OPTIONS = (
    PermissionOption(option_id=_ALLOW, name="Run it", kind="allow_once"),
    PermissionOption(option_id=_REJECT, name="Don't", kind="reject_once"),
)
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
    ) -> None:
        """``call`` gives a call as the editor knows it; ``before`` is awaited before it is asked about."""
        self._client = client
        self._session = session
        self._call = call
        self._before = before

    async def approve(self, request: ApprovalRequest) -> bool | Refused:
        """Show the whole call and why it is asked; anything but a yes is a no."""
        await self._before()
        shown = f"{request.why}\n\n{readable(request.what)}"
        try:
            answer = await self._client.request_permission(
                session_id=self._session,
                tool_call=self._call(request.call_id, shown),
                options=list(_OPTIONS),
            )
        except _UNASKED:
            return Refused("the editor could not ask")
        outcome = answer.outcome
        return (isinstance(outcome, AllowedOutcome) and outcome.option_id == _ALLOW) or Refused()


class EditorRespondent(EditorApprover):
    """Also a :class:`Respondent`, in an editor that shows forms."""

    async def answer(self, question: Question) -> str:
        """Show the question and its options as a form; '' where the person gives no answer."""
        await self._before()
        fields = {}
        if question.options:
            fields["choice"] = ElicitationStringPropertySchema(
                type="string", title="Answer", enum=list(question.options)
            )
        title = "Another answer" if question.options else "Answer"
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
