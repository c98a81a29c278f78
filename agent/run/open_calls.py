"""Opens what carries out a run's calls: its tools behind their gates, and what follows a call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from seedsmith.agent.calls.approval import Approver, CallPolicy
from seedsmith.agent.calls.data_loss import DataLossGate
from seedsmith.agent.calls.dispatch import Dispatcher
from seedsmith.agent.calls.gates import ActiveSkillsGate, ApprovalGate, Gate, HookGate, PlanGate, SandboxGate
from seedsmith.agent.calls.offered_tools import navigation, open_tools
from seedsmith.agent.calls.runner import CallRunner
from seedsmith.agent.calls.unsaved_buffers import UnsavedBufferGate
from seedsmith.agent.context.instructions import NestedInstructions
from seedsmith.agent.events import Sink
from seedsmith.agent.loop.turn_calls import TurnCalls
from seedsmith.agent.run.language_servers import open_language_servers
from seedsmith.agent.run.open_run import OpenedRun
from seedsmith.agent.run.permissions import open_permissions
from seedsmith.agent.run.snapshots import RunSnapshots
from seedsmith.sandbox.errors import SandboxError
from seedsmith.sandbox.workspace.workspace import Workspace
from seedsmith.tools.base import ToolContext

if TYPE_CHECKING:
    from seedsmith.agent.calls.hooks import Hooks
    from seedsmith.sandbox.commands.process import ProcessRunner
    from seedsmith.tools.symbols.pool import LanguageServers

_FIRST_ANSWER = ("agent.models.leaks.recover", "agent.models.leaks.text_hold")
_FIRST_COMMAND = ("tools.shell.shell", "sandbox.commands.output_notes")
"""What no start needs, imported while the first question is answered."""


def open_dispatcher(
    opened: OpenedRun,
    context: ToolContext,
    sink: Sink,
    *,
    approver: Approver | None,
    hooks: Hooks | None,
    snapshots: RunSnapshots,
) -> Dispatcher:
    """What runs the calls of ``opened``; ``snapshots`` remembers what was before anything may be changed."""
    profile, settings = opened.profile, opened.request.settings
    opened.servers.tell(sink, approver)
    languages = open_language_servers(opened.request, profile, context)
    tools = open_tools(
        profile,
        approver,
        (*navigation(languages), *opened.extensions),
        vision=opened.model.vision,
        skills=opened.skills.active,
        servers=opened.servers.pool,
    )
    if opened.request.offered_tools is not None:
        tools = {name: tool for name, tool in tools.items() if name in opened.request.offered_tools}
    processes = context.processes
    runs_commands = "shell" in tools
    prepare = partial(processes.prepare, context.environment) if runs_commands else _nothing
    look = partial(_look_around, processes, runs_commands=runs_commands)
    snapshots.set_beside_questions(look, prepare)
    runner = CallRunner(
        tools,
        context,
        sink,
        opened.place.redactor,
        gates=(
            SandboxGate(processes.prove),
            *_gates(opened, sink, approver, hooks, context.workspace),
            DataLossGate(snapshots, sink, approver),
            *_diagnostics(languages),
        ),
        output_bytes=profile.output_bytes,
    )
    return Dispatcher(
        runner,
        opened.session,
        before_effects=snapshots.ready,
        after_effects=snapshots.changed,
        while_recorded=processes.look_ahead,
        parallel=settings.parallel_tool_calls,
    )


def follow(opened: OpenedRun, dispatcher: Dispatcher, sink: Sink) -> TurnCalls:
    """``dispatcher``, with what the model reads after the results of its calls."""
    place, session = opened.place, opened.session
    nested = NestedInstructions(place.workspace, session.conversation) if opened.profile.facts else None
    return TurnCalls(dispatcher, session, sink, place.redactor, nested)


def _gates(
    opened: OpenedRun,
    sink: Sink,
    approver: Approver | None,
    hooks: Hooks | None,
    workspace: Workspace,
) -> Iterator[Gate]:
    """What each call passes, in this order."""
    yield ActiveSkillsGate(opened.skills.active.refusal)
    if opened.request.parent and opened.request.copy_of is None:
        yield PlanGate("Refused: you only read, nothing may be changed; report what you found.")
    elif opened.request.settings.approve == "plan":
        yield PlanGate()
    if hooks is not None:
        yield HookGate(hooks)
    if opened.request.buffers is not None:
        yield UnsavedBufferGate(workspace, opened.request.buffers)
    confined = opened.request.settings.sandbox != "off"
    policy = CallPolicy(confined=confined, can_ask=approver is not None)
    permissions = open_permissions(opened.request.settings, workspace, opened.request.environment)
    yield ApprovalGate(policy, sink, approver, workspace.names_of, permissions)


def _look_around(processes: ProcessRunner, beside: bool, *, runs_commands: bool) -> None:
    """Look, and do ``beside`` a question what its answer and a call would have to; from any thread."""
    if beside:
        with suppress(SandboxError):  # The first call will tell.
            processes.prove()
        for module in (*_FIRST_ANSWER, *(_FIRST_COMMAND if runs_commands else ())):
            import_module(f"seedsmith.{module}")
    processes.look_around()


def _nothing() -> None:
    """What is prepared where the model can run no commands."""


def _diagnostics(languages: LanguageServers | None) -> tuple[Gate, ...]:
    if languages is None:
        return ()
    from seedsmith.agent.calls.diagnostics import DiagnosticsGate

    return (DiagnosticsGate(languages),)
