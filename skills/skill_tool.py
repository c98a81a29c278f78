"""The skill tool: loads a skill's instructions, reads its files, runs its commands.

There is one tool for all skills, so that the list of tools is the same whichever skills exist
(docs/decisions.md, "Tools are a protocol").
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pydantic import Field

from seedsmith.sandbox.errors import PathError
from seedsmith.skills.active import CHANGING, HOW_TO_LEAVE, LEAVE, WORDS, ActiveSkills
from seedsmith.skills.errors import SkillError
from seedsmith.skills.parameter_specs import ParameterSpec, accept_all
from seedsmith.skills.required_programs import how_to_install, is_missing, missing_programs
from seedsmith.skills.skill import Skill
from seedsmith.skills.template import fill_argv
from seedsmith.tools.base import EVERYTHING, Access, ToolContext, ToolError, ToolResult
from seedsmith.tools.content import command_text
from seedsmith.tools.pydantic_tool import Parameters, PydanticTool, Text

if TYPE_CHECKING:
    from seedsmith.skills.manifest import CommandSpec

_AS_THE_USER_SAID = "(not given here: as the user said)"
_NOT_FOUND = re.compile(
    r"(?:^|: )([\w.+-]+): (?:command )?not found$|[‘'\"]?([\w.+-]+)[’'\"]?: No such file or directory$",
    re.MULTILINE,
)
MOST_FILES_TOLD = 60
MOST_FILE_CHARACTERS = 200_000


class SkillParameters(Parameters):
    """Which skill, and what of it."""

    name: Text = Field(min_length=1)
    parameters: dict[str, Any] = Field(default_factory=dict, description="By name.")
    file: Text | None = Field(default=None, description="Read it instead.")
    command: Text | None = Field(default=None, description="Run it instead.")


class SkillTool(PydanticTool[SkillParameters]):
    """Loads skills for the model; what it loads first narrows the tools from then on."""

    name = "skill"
    description = "Load a skill's instructions, or use its files and commands."
    parameters = SkillParameters

    def __init__(self, active: ActiveSkills) -> None:
        self._active = active

    def access(self, parsed: SkillParameters) -> Access:
        """Nothing for instructions and files; everything for a command, unless it only reads, or a helper.

        One that writes names itself besides, so that no shell command of the same answer runs beside it: it
        may break files for a while, as a trial of tests does.
        """
        everything = frozenset({EVERYTHING})
        if parsed.command is None:
            skill = self._active.library.skills.get(parsed.name) if parsed.file is None else None
            if skill is None or not self._active.delegates(skill):
                return Access()
            assert self._active.helper is not None
            writes = everything if self._active.helper.writes(skill) else frozenset[str]()
            return Access(reads=everything, writes=writes, early=False)
        command = self._find(parsed.name).commands.get(parsed.command)
        if command is not None and command.read_only:
            return Access(reads=everything)
        return Access(reads=everything, writes=everything | {f"skill:{parsed.name}"})

    async def run(self, parsed: SkillParameters, context: ToolContext) -> ToolResult:
        """Tell, read or run; a fault of the call is a :class:`ToolError`."""
        if parsed.file is not None and parsed.command is not None:
            raise ToolError("Give file or command, not both.")
        if parsed.name == LEAVE and LEAVE not in self._active.library.skills:
            return self._leave()
        skill = self._find(parsed.name)
        if not skill.model_may_call and skill is not self._active.named:
            raise ToolError(f"The skill {skill.name!r} is only used where the user names it.")
        try:
            if parsed.file is not None:
                return _file(skill, parsed.file)
            if parsed.command is not None:
                if refusal := self._active.command_refusal(skill):
                    raise ToolError(refusal)
                return await _run(skill, parsed.command, parsed.parameters, context)
            if self._active.delegates(skill):
                return await self._carried_out(skill, parsed.parameters, context)
            values = skill.values(parsed.parameters)
        except (SkillError, PathError) as error:
            raise ToolError(str(error)) from error
        self._active.activate(skill)
        return ToolResult(
            True,
            skill_text(
                skill,
                skill.filled_instructions(values, _AS_THE_USER_SAID),
                skill.verify_command(values),
                may_leave=True,
            ),
            summary=skill.name,
        )

    async def _carried_out(self, skill: Skill, given: dict[str, Any], context: ToolContext) -> ToolResult:
        """What a helper reports that carried ``skill`` out; raises :class:`SkillError`."""
        assert self._active.helper is not None
        values = dict(given)
        words = "" if WORDS in skill.parameters else str(values.pop(WORDS, ""))
        skill.values(values)
        return await self._active.helper.carry_out(skill, values, words, context)

    def _leave(self) -> ToolResult:
        left = self._active.leave()
        if left is None:
            raise ToolError("No skill that was loaded is active.")
        return ToolResult(True, f"Left the skill {left.name!r}: what it left out may be called again.")

    def _find(self, name: str) -> Skill:
        try:
            return self._active.library.find(name)
        except SkillError as error:
            raise ToolError(str(error)) from error


def skill_text(
    skill: Skill, instructions: str, verify: str, *, callable_commands: bool = True, may_leave: bool = False
) -> str:
    """Everything that the model gets about a skill it is to follow: its instructions, commands and files.

    ``callable_commands`` says whether it has the ``skill`` tool, without which it can only run the files;
    ``may_leave`` whether it loaded the skill itself.
    """
    from seedsmith.skills.skill_folder import list_files

    parts = [f"# Skill {skill.name}", instructions]
    if skill.commands and callable_commands:
        lines = [
            f"- {name}({_signature(spec.parameters)}): {spec.description}"
            for name, spec in skill.commands.items()
        ]
        parts.append(
            f'Its commands, called as skill(name="{skill.name}", command=…, parameters={{…}}):\n'
            + "\n".join(lines)
        )
    files = list_files(skill)
    if files:
        more = f"\n… and {len(files) - MOST_FILES_TOLD} more" if len(files) > MOST_FILES_TOLD else ""
        names = "\n".join(f"- {path}" for path in files[:MOST_FILES_TOLD])
        by_call = f'; or call skill(name="{skill.name}", file=…)' if callable_commands else ""
        parts.append(
            f"Its files lie in {skill.real_folder}, where commands can read them{by_call}:\n{names}{more}"
        )
    if verify and verify not in instructions:
        parts.append(f"What proves the work: `{verify}`")
    if skill.tools is not None:
        parts.append(_narrowing(skill.tools, may_leave))
    missing = missing_programs(skill)
    if missing:
        parts.append(
            f"Not installed here, though it needs them: {', '.join(missing)}; {how_to_install(missing)}."
        )
    return "\n\n".join(parts)


def _narrowing(tools: tuple[str, ...], may_leave: bool) -> str:
    """What a skill leaves, and what that does not keep from being done."""
    text = f"While it is the task, only these tools may be called: {', '.join(tools)}."
    if "shell" in tools and not CHANGING.issubset(tools):
        text += " Its commands could still change files: do that only where the instructions ask for it."
    return f"{text} {HOW_TO_LEAVE}" if may_leave else text


def _signature(parameters: dict[str, ParameterSpec]) -> str:
    return ", ".join(
        f"{name}: {_kind(spec)}{'' if spec.required else '?'}" for name, spec in parameters.items()
    )


def _file(skill: Skill, path: str) -> ToolResult:
    from seedsmith.skills.skill_folder import read_file

    text = read_file(skill, path).decode("utf-8", "replace")
    if len(text) > MOST_FILE_CHARACTERS:
        text = text[:MOST_FILE_CHARACTERS] + "\n[cut here]"
    return ToolResult(True, text, summary=f"{skill.name}: {path}")


async def _run(skill: Skill, name: str, given: dict[str, Any], context: ToolContext) -> ToolResult:
    from seedsmith.skills.skill_folder import check_unchanged

    spec = _command(skill, name)
    check_unchanged(skill)
    values = accept_all(spec.parameters, given, f"The command {name} of {skill.name}")
    argv = fill_argv(spec.argv, {**values, "skill": str(skill.real_folder)})
    if is_missing(argv[0], context.processes.environment.get("PATH")):
        raise SkillError(
            f"The command {name} of {skill.name!r} needs {argv[0]}, which is not on PATH here; "
            f"{how_to_install((argv[0],))}."
        )
    result = await context.processes.run(argv, timeout=spec.timeout, env=context.environment or None)
    ending = command_text.ending(result, spec.timeout)
    output = command_text.output(result)
    text = command_text.lines(output, result.note, _needed(result.exit_code, output, context), ending)
    return ToolResult(result.ok, text, command_text.data(result), summary=f"{name}: {ending}")


def _needed(exit_code: int | None, output: str, context: ToolContext) -> str:
    """How to install what a script did not find; '' where nothing says so."""
    if exit_code not in (126, 127):
        return ""
    path = context.processes.environment.get("PATH")
    names = [next(filter(None, match.groups())) for match in _NOT_FOUND.finditer(output)]
    missing = [name for name in dict.fromkeys(names) if is_missing(name, path)]
    return f"It needs {', '.join(missing)}; {how_to_install(missing)}." if missing else ""


def _command(skill: Skill, name: str) -> CommandSpec:
    if name not in skill.commands:
        known = f"it has {', '.join(skill.commands)}" if skill.commands else "it has none"
        raise SkillError(f"The skill {skill.name!r} has no command {name!r:.60}: {known}.")
    return skill.commands[name]


def _kind(spec: ParameterSpec) -> str:
    """What a parameter takes: its choices, or its type."""
    return "|".join(map(str, spec.choices)) if spec.choices else spec.type
