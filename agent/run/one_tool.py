"""One tool, run exactly as the model would run it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AsyncExitStack

from seedsmith.agent.calls.approval import CallPolicy
from seedsmith.agent.calls.dispatch import Dispatcher
from seedsmith.agent.calls.gates import ApprovalGate, SandboxGate
from seedsmith.agent.calls.offered_tools import navigation, open_extensions, open_tools
from seedsmith.agent.calls.optional_tools import asked_tools
from seedsmith.agent.calls.runner import CallRunner
from seedsmith.agent.context.profile import FULL
from seedsmith.agent.conversation import AssistantMessage, ToolCall
from seedsmith.agent.events import EventSink, FrontEnd
from seedsmith.agent.loop.turn_calls import TurnCalls
from seedsmith.agent.run.language_servers import open_language_servers
from seedsmith.agent.run.mcp_servers import open_servers
from seedsmith.agent.run.named_skill import open_library, open_skills
from seedsmith.agent.run.permissions import open_permissions
from seedsmith.agent.run.tool_context import open_tool_context, report_connections, unheld
from seedsmith.agent.sessions.run_place import open_place
from seedsmith.agent.sessions.session import Session, SessionStart
from seedsmith.agent.settings.run_request import RunRequest
from seedsmith.agent.settings.settings import Settings
from seedsmith.tools.base import ToolResult

_ENDED = "Ended with the tool."


async def run_tool(
    settings: Settings,
    name: str,
    arguments: str,
    environment: Mapping[str, str] | None = None,
    front_ends: tuple[FrontEnd, ...] = (),
) -> ToolResult:
    """Run the tool ``name``; ``arguments`` is JSON text, ``front_ends`` see its events.

    Raises :class:`AgentError` and :class:`SandboxError` for what can't begin.
    """
    settings = settings.model_copy(update={"subagents": False})
    request = RunRequest(
        settings=settings, environment=dict(os.environ if environment is None else environment)
    )
    async with AsyncExitStack() as stack:
        place = open_place(settings, request.environment)
        stack.callback(place.workspace.close)
        start = SessionStart(str(place.workspace.root), "", "", FULL.name, "")
        session = Session.create(place.home, start, place.redactor)
        stack.callback(session.close)
        library = open_library(settings, request.environment)
        skills = open_skills(request, library, FULL, place.workspace.root)
        context = open_tool_context(request, place, session.folder, skills.readable, expects=True)
        stack.callback(context.processes.close)
        stack.push_async_callback(context.background.end, _ENDED)
        policy = CallPolicy(confined=settings.sandbox != "off", can_ask=False)
        extensions = open_extensions(settings, FULL)
        servers = open_servers(settings, place.workspace.root, place.home, request.environment)
        asked = asked_tools(settings, FULL, (name,), vision=True)
        navigating = navigation(open_language_servers(request, FULL, context))
        tools = open_tools(
            FULL,
            vision=True,
            skills=skills.active,
            extensions=(*asked, *navigating, *extensions.tools),
            servers=servers.pool,
        )
        sink = EventSink(session.id, front_ends, redactor=place.redactor)
        report_connections(context, sink)
        servers.tell(sink, None)
        for notice in (*unheld(context), *extensions.notices, *servers.notices):
            sink.emit(notice)
        permissions = open_permissions(settings, place.workspace, request.environment)
        approval = ApprovalGate(policy, sink, names_of=place.workspace.names_of, permissions=permissions)
        gates = (SandboxGate(context.processes.prove), approval)
        runner = CallRunner(tools, context, sink, place.redactor, gates=gates)
        calls = TurnCalls(Dispatcher(runner, session), session, sink, place.redactor)
        call = ToolCall("call-1", name, arguments)
        session.append(AssistantMessage(calls=(call,)))
        return (await calls.dispatch((call,))).results[0]
