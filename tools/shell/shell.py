"""The shell tool: one command in the sandbox, awaited or left running in the background."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from pydantic import Field

from seedsmith.sandbox.commands.left_running import LEFT
from seedsmith.tools.arguments import whole_number, whole_seconds, words_of
from seedsmith.tools.base import EVERYTHING, Access, JsonObject, ToolContext, ToolResult
from seedsmith.tools.content import command_text
from seedsmith.tools.pydantic_tool import ArgumentText, Parameters, PydanticTool

if TYPE_CHECKING:
    from seedsmith.sandbox.commands.background import BackgroundCommand
    from seedsmith.sandbox.commands.command import CommandResult

_DEFAULT_SECONDS = 120
_MOST_SECONDS = 3600
_LEAST_MILLISECONDS = 10_000
"""A time limit from here on, which is longer than allowed, must be meant in milliseconds."""
_FOLDER_NAMES = ("cwd", "workdir", "working_directory", "work_dir")
_VARIABLES_NAMES = ("env", "environment", "env_vars")
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_HINT = "To leave one running, make it a command of its own, without &, with background: true."
_NO_PATCH_PROGRAM = re.compile(r"\bapply_?patch: (?:command )?not found")
_PATCH_HINT = "apply_patch is no program: give the patch to the tool patch, or begin the command with it."
_LOGIN = re.compile(
    r"""\s*(?:(?:/usr)?/bin/)?(?:ba)?sh\s+-(?:lc|cl)\s+('(?:[^']|'(?:\\'|"'")')*'|[\w./-]+)\s*"""
)
_ACCESS = Access(reads=frozenset({EVERYTHING}), writes=frozenset({EVERYTHING}))
"""It is not known what a command touches."""


def _exports(variables: object) -> str:
    """The line that sets ``variables``, an object of texts; empty where it is none."""
    if not isinstance(variables, dict) or not all(map(_NAME.fullmatch, variables)):
        return ""
    if not all(isinstance(value, str | int) for value in variables.values()):
        return ""
    pairs = (f"{name}={shlex.quote(str(value))}" for name, value in variables.items())
    return f"export {' '.join(pairs)}" if variables else ""


class ForegroundParameters(Parameters):
    """The command line and how long it may take."""

    command: ArgumentText = Field(min_length=1)
    timeout: int | None = Field(
        None,
        ge=1,
        le=_MOST_SECONDS,
        description=f"Seconds; default {_DEFAULT_SECONDS}, at most {_MOST_SECONDS}.",
    )

    @classmethod
    def prepare(cls, values: JsonObject, notes: list[str]) -> JsonObject:
        """Take a time that only milliseconds make sense of for those, and go to a folder given besides."""
        found = dict(values)
        if (words := words_of(found.get("command"))) is not None:
            found["command"] = shlex.join(words)
        if (script := _script_of_login_shell(found.get("command"))) is not None:
            found["command"] = script
            notes.append("run without -l: a login shell would lose the session's PATH")
        if "timeout" in found:
            found["timeout"] = whole_seconds(found["timeout"])
        given = whole_number(found.get("timeout"))
        if given is not None and _LEAST_MILLISECONDS <= given <= _MOST_SECONDS * 1000:
            found["timeout"] = seconds = -(-given // 1000)
            notes.append(f"'timeout' is in seconds: {given} was taken for milliseconds, {seconds} s")
        for name in _VARIABLES_NAMES:
            if (exports := _exports(found.get(name))) and isinstance(found.get("command"), str):
                del found[name]
                found["command"] = f"{exports}\n{found['command']}"
        for name in _FOLDER_NAMES:
            if isinstance(folder := found.get(name), str) and isinstance(found.get("command"), str):
                del found[name]
                if folder.strip() not in ("", ".", "./"):
                    found["command"] = f"cd -- {shlex.quote(folder)} || exit\n{found['command']}"
        return found


def _script_of_login_shell(command: object) -> str | None:
    """The script of ``bash -lc SCRIPT``, where that is all; as bash runs each command, it needs no other."""
    found = _LOGIN.fullmatch(command) if isinstance(command, str) else None
    return shlex.split(found[1])[0] if found else None


class ShellParameters(ForegroundParameters):
    """The command line, when it is ended, and whether anybody waits for it."""

    timeout: int | None = Field(
        None,
        ge=1,
        le=_MOST_SECONDS,
        description=f"Seconds until it is ended, at most {_MOST_SECONDS}.",
    )
    background: bool = Field(False, description="Return at once with an id.")


class ForegroundShellTool(PydanticTool[ForegroundParameters]):
    """Runs commands to their end, for a model without the tools that look after background commands."""

    name = "shell"
    description = (
        "Run a bash command, anew in the workspace root: no state stays but files, nothing runs on in the "
        "background, stdin is closed."
    )
    parameters = ForegroundParameters

    def access(self, parsed: ForegroundParameters) -> Access:
        """Everything."""
        return _ACCESS

    async def run(self, parsed: ForegroundParameters, context: ToolContext) -> ToolResult:
        """Run the command to its end or to its deadline."""
        seconds = parsed.timeout or _DEFAULT_SECONDS
        result = await context.processes.run(parsed.command, timeout=seconds, env=context.environment or None)
        return _ended(result, seconds)


class ShellTool(PydanticTool[ShellParameters]):
    """Runs commands; a result is good when the command exits with 0, or was left running.

    ``timeout`` always ends a command. Without it, one that is awaited and takes longer than most do is left
    running rather than lost.
    """

    name = "shell"
    description = (
        "Run a bash command in the workspace root, stdin closed. "
        f"Without timeout it goes on in the background after {_DEFAULT_SECONDS} s, by an id for "
        "shell_output, shell_input and shell_kill."
    )
    parameters = ShellParameters

    def access(self, parsed: ShellParameters) -> Access:
        """Everything."""
        return _ACCESS

    async def run(self, parsed: ShellParameters, context: ToolContext) -> ToolResult:
        """Run the command to its end or deadline, or until it is left running."""
        if parsed.background:
            context.background.check_room()
        running = context.processes.start(
            parsed.command,
            timeout=parsed.timeout,
            env=context.environment or None,
            open_stdin=parsed.background,
        )
        if parsed.background:
            command = context.background.add(parsed.command, running)
            return _left_running(
                command, running.look(), context, f"started in the background as {command.id}"
            )
        seconds = None if parsed.timeout is not None else context.background_after
        left = await context.background.attend(parsed.command, running, seconds)
        result = running.look()
        if left is None:
            return _ended(result, parsed.timeout or context.background_after, _HINT)
        return _left_running(
            left, result, context, f"{command_text.ending(result)}; left in the background as {left.id}"
        )


def _ended(result: CommandResult, seconds: float, hint: str = "") -> ToolResult:
    ending = command_text.ending(result, seconds)
    output = command_text.output(result)
    hint = hint if LEFT in output or LEFT in result.note else ""
    if _NO_PATCH_PROGRAM.search(output):
        hint = _PATCH_HINT
    text = command_text.lines(output, result.note, hint, ending)
    return ToolResult(result.ok, text, command_text.data(result), summary=ending)


def _left_running(
    command: BackgroundCommand, result: CommandResult, context: ToolContext, what: str
) -> ToolResult:
    reached = context.processes.reach_each_other
    alone = "" if reached else "No other command can reach its ports: the sandbox has no network."
    text = command_text.lines(command_text.output(result), what, alone)
    return ToolResult(True, text, {"id": command.id, **command_text.data(result)}, summary=what)
