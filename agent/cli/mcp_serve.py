"""What ``seedsmith mcp serve`` offers other agents: run, fix, skills, sessions and the tools."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from seedsmith.agent.errors import UsageError
from seedsmith.agent.events import FrontEnd
from seedsmith.agent.frontends.mcp_server import Answered, Offered
from seedsmith.agent.settings.settings import Settings
from seedsmith.tools.base import JsonObject, ToolSpec

if TYPE_CHECKING:
    from seedsmith.agent.sessions.outcome import Outcome

Given = Mapping[str, Any]
FrontEnds = tuple[FrontEnd, ...]
READING = frozenset({"read", "glob", "grep"})
TOOLS = ("read", "glob", "grep", "edit", "write", "patch", "shell", "git")
"""Those of the model's that make sense one at a time."""


def offers(settings: Settings, watchers: FrontEnds = ()) -> tuple[Offered, ...]:
    """Everything that is offered, for the folder and the limits of ``settings``; nobody is ever asked.

    ``watchers`` see the events of each run and fix, too.
    """
    own = settings.model_copy(update={"approve": "plan" if settings.approve == "plan" else "auto"})

    async def run(given: Given, front_ends: FrontEnds) -> Answered:
        from seedsmith.agent.run.run import run
        from seedsmith.agent.settings.run_request import RunRequest

        meant = own.model_copy(update={"resume": _text(given, "session") or None})
        request = RunRequest(settings=meant, prompt=_text(given, "prompt"))
        return _done(await run(request, (*front_ends, *watchers)))

    async def fix(given: Given, front_ends: FrontEnds) -> Answered:
        from seedsmith.agent.cli.fix import choose_tests
        from seedsmith.agent.tasks.fix import fix

        tests = _text(given, "test") or choose_tests(own)[0]
        report = _text(given, "report")
        return _done(await fix(own, tests, (*front_ends, *watchers), report=report))

    async def skills(given: Given, front_ends: FrontEnds) -> Answered:
        from seedsmith.agent.run.named_skill import open_library

        found = open_library(own, os.environ).summaries()
        return Answered(True, "\n".join(f"{each.name}: {each.description}" for each in found))

    async def sessions(given: Given, front_ends: FrontEnds) -> Answered:
        from seedsmith.agent.sessions.recorded_sessions import Sessions

        rows = [
            {"id": each.id, "asked": each.asked, "outcome": each.outcome, "message": each.message}
            for each in Sessions(own.home).list(own.workspace)
        ]
        return Answered(True, json.dumps(rows[:50], ensure_ascii=False), {"sessions": rows[:50]})

    words = "Carry out a task in the repository; it ends with what was changed and what proved it."
    fixes = "Change the program until its tests pass, proven before and after."
    return (
        Offered(_spec("run", words, "prompt", session="Id of a session to go on with."), run),
        Offered(_spec("fix", fixes, test="Command; found where left out.", report="What is wrong."), fix),
        Offered(_spec("skills", "List the skills that run may be asked to use."), skills, reads_only=True),
        Offered(_spec("sessions", "List what was done in this folder before."), sessions, reads_only=True),
        *_tools(own),
    )


def _tools(settings: Settings) -> Iterator[Offered]:
    """The model's tools, each call with the checks, the sandbox and the policy of any."""
    from seedsmith.tools.registry import default_tools

    def offered(spec: ToolSpec) -> Offered:
        async def perform(given: Given, front_ends: FrontEnds) -> Answered:
            from seedsmith.agent.run.one_tool import run_tool

            if settings.approve == "plan" and spec.name not in READING:
                raise UsageError("Refused: nothing may be changed (--approve plan).")
            result = await run_tool(settings, spec.name, json.dumps(dict(given)), front_ends=front_ends)
            return Answered(result.ok, result.text, result.data)

        return Offered(spec, perform, spec.name in READING)

    for tool in default_tools(background=False):
        if tool.spec.name in TOOLS:
            yield offered(tool.spec)


def _spec(name: str, description: str, *required: str, **optional: str) -> ToolSpec:
    properties: JsonObject = {each: {"type": "string"} for each in required}
    properties |= {each: {"type": "string", "description": said} for each, said in optional.items()}
    schema = {"type": "object", "properties": properties, "required": list(required)}
    return ToolSpec(name, description, schema)


def _text(given: Given, name: str) -> str:
    value = given.get(name, "")
    if not isinstance(value, str):
        raise UsageError(f"{name} must be a text.")
    return value


def _done(outcome: Outcome) -> Answered:
    data = {
        "status": outcome.status,
        "session": outcome.session,
        "files_changed": list(outcome.files_changed),
        "diff": outcome.diff,
        "cost_cny": outcome.cost_cny,
        "undo": outcome.undo,
    }
    return Answered(outcome.status == "done", f"{outcome.status}: {outcome.message}", data)
