"""What a skill's manifest may say (``skill.yaml``); ``docs/skill.schema.json`` is made from it."""

from __future__ import annotations

import json
import re
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from seedsmith.skills.errors import Misplaced
from seedsmith.skills.hook_specs import HookSpecs
from seedsmith.skills.parameter_specs import NAME_PATTERN, ManifestPart, ParameterSpec
from seedsmith.skills.template import placeholders

RESERVED_NAMES = frozenset({"skill", "skills", "all", "none", "new", "list"})
MOST_NAME = 64
MOST_DESCRIPTION = 1024
MOST_INSTRUCTIONS = 100_000
"""Characters."""


def _is_name(name: str) -> str:
    """The published rule (Agent Skills specification, ``name``), in ASCII."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) or len(name) > MOST_NAME:
        raise ValueError(
            f"must be at most {MOST_NAME} lower-case letters, digits and single hyphens between them"
        )
    if name in RESERVED_NAMES:
        raise ValueError(f"must not be {name!r}: that word is reserved")
    return name


def _is_inside(path: str) -> str:
    """A path of the skill's own folder."""
    parts = PurePosixPath(path).parts
    if not path or path.startswith(("/", "~")) or ".." in parts or "\\" in path or "\0" in path:
        raise ValueError(f"holds {path[:80]!r}: give a path inside the skill's folder, with '/'")
    return path


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty")
    return text


def _is_command(text: str) -> str:
    if "\0" in text:
        raise ValueError("holds a NUL character")
    return _said(text)


InsidePath = Annotated[str, AfterValidator(_is_inside)]
Said = Annotated[str, AfterValidator(_said)]
CommandLine = Annotated[str, AfterValidator(_is_command)]
ParameterName = Annotated[str, Field(pattern=NAME_PATTERN, max_length=40)]
CommandName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$", max_length=40)]


class InstructionsFile(ManifestPart):
    """Instructions kept in a file beside the manifest."""

    file: InsidePath


class CommandSpec(ManifestPart):
    """A command the skill brings: a program and its arguments, never a line for a shell."""

    description: Said = Field(max_length=500)
    parameters: dict[ParameterName, ParameterSpec] = Field(default_factory=dict)
    argv: list[str] = Field(
        min_length=1,
        max_length=200,
        description="Program and arguments; {name} stands for a parameter, {skill} for the skill's folder.",
    )
    timeout: int = Field(120, ge=1, le=3600, description="Seconds.")
    read_only: bool = Field(False, description="It changes nothing, so it may run beside others.")

    @model_validator(mode="after")
    def _agrees(self) -> CommandSpec:
        if not self.argv[0].strip() or placeholders(self.argv[0]) - {"skill"}:
            raise ValueError("must begin its argv with a program, not with a parameter")
        known = {*self.parameters, "skill"}
        for argument in self.argv:
            if "\0" in argument:
                raise ValueError("holds a NUL character in its argv")
            for name in sorted(placeholders(argument) - known):
                raise ValueError(f"uses {{{name}}} in its argv, which is none of its parameters")
        if "skill" in self.parameters:
            raise ValueError("must not call a parameter 'skill': {skill} is the skill's folder")
        return self


class ModelWishes(ManifestPart):
    """How the model should be asked while the skill is the task; what the user sets wins."""

    effort: Literal["minimal", "low", "medium", "high"] | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)
    max_output_tokens: int | None = Field(default=None, ge=1)


class BudgetWishes(ManifestPart):
    """Limits of a run that is about this skill; what the user sets wins."""

    turns: int | None = Field(default=None, ge=1)
    tokens: int | None = Field(default=None, ge=1)
    cost: float | None = Field(default=None, gt=0, description="Yuan.")
    seconds: float | None = Field(default=None, gt=0)


class TestSpec(ManifestPart):
    """One test: a workspace, what is asked, and what must hold afterwards."""

    __test__ = False  # nothing for pytest to collect

    name: Said = Field(max_length=100)
    workspace: InsidePath | None = Field(
        default=None, description="Folder that is copied; default: an empty one."
    )
    git: bool = Field(False, description="Make a git repository of it, with everything in one commit.")
    uncommitted: InsidePath | None = Field(
        default=None, description="Folder that is copied over it after that commit; means git."
    )
    parameters: dict[ParameterName, Any] = Field(default_factory=dict)
    prompt: str = Field("", description="What is asked besides the skill's instructions.")
    recording: InsidePath | None = Field(
        default=None,
        description="Where `skills test --live --update` keeps the answers; default: tests/NAME.jsonl.",
    )
    verify: CommandLine | None = Field(default=None, description="Must exit with 0 afterwards.")
    changed: list[InsidePath] = Field(default_factory=list, description="Files that must differ afterwards.")
    unchanged: list[InsidePath] = Field(
        default_factory=list, description="Path patterns that must be as they were; '*' matches any name."
    )
    says: list[str] = Field(default_factory=list, description="Texts the last message must hold.")
    budget: BudgetWishes = BudgetWishes()


def _version_text(given: Any) -> Any:
    if isinstance(given, int | float) and not isinstance(given, bool):
        raise ValueError(f'must be text: write "{given}" in quotes')
    return given


class Manifest(ManifestPart):
    """A whole ``skill.yaml``."""

    name: Annotated[str, AfterValidator(_is_name)]
    version: Annotated[str, BeforeValidator(_version_text)] = Field("0.1.0", min_length=1, max_length=40)
    description: Said = Field(
        max_length=MOST_DESCRIPTION,
        description="What it does and when to use it, for the model to choose by.",
    )
    license: str | None = Field(default=None, max_length=200)
    triggers: list[Said] = Field(
        default_factory=list, max_length=20, description="Phrases of a task that call for this skill."
    )
    parameters: dict[ParameterName, ParameterSpec] = Field(default_factory=dict)
    instructions: Annotated[str, Field(max_length=MOST_INSTRUCTIONS)] | InstructionsFile
    tools: list[str] | None = Field(
        None, min_length=1, description="The only tools that may be called while the skill is the task."
    )
    commands: dict[CommandName, CommandSpec] = Field(default_factory=dict, max_length=40)
    files: list[InsidePath] = Field(
        default_factory=list,
        max_length=200,
        description="References, read only when the model asks for them.",
    )
    model: ModelWishes = ModelWishes()
    context: Literal["fork"] | None = Field(
        None, description="'fork': a helper carries it out in a context of its own; its report comes back."
    )
    agent: Said | None = Field(
        None,
        max_length=MOST_NAME,
        description="The kind of that helper: explore, change, or one of the user's.",
    )
    verify: CommandLine | None = Field(
        None, description="Command that proves the work; {name} stands for a parameter, quoted for the shell."
    )
    budget: BudgetWishes = BudgetWishes()
    hooks: HookSpecs = Field(
        default_factory=HookSpecs, description="Commands that hear of events while the skill is the task."
    )
    requires: list[Said] = Field(default_factory=list, max_length=50, description="Programs it needs.")
    tests: list[TestSpec] = Field(default_factory=list, max_length=100)

    @model_validator(mode="after")
    def _agrees(self) -> Manifest:
        if isinstance(self.instructions, str) and not self.instructions.strip():
            raise Misplaced(("instructions",), "is empty")
        if self.agent and self.context is None:
            raise Misplaced(("agent",), "says which helper carries it out: write 'context: fork' beside it")
        for name in sorted(placeholders(self.verify or "") - set(self.parameters)):
            raise Misplaced(("verify",), f"uses {{{name}}}, which is none of the parameters")
        names = [test.name for test in self.tests]
        for index, name in enumerate(names):
            if name in names[:index]:
                raise Misplaced(("tests", index, "name"), f"is {name!r}, as an earlier test is called")
        return self


def schema_text() -> str:
    """The text of ``docs/skill.schema.json``: what a ``skill.yaml`` may hold, for editors."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Manifest.model_json_schema()}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
