"""A skill as the rest of the program sees it, in whichever form it was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.skills.errors import ManifestError
from seedsmith.skills.hook_specs import HookSpecs
from seedsmith.skills.parameter_specs import ParameterSpec, Value, accept_all
from seedsmith.skills.template import NOT_GIVEN, fill_command, fill_text

if TYPE_CHECKING:
    from seedsmith.skills.manifest import BudgetWishes, CommandSpec, ModelWishes, TestSpec

BUILT_IN = Path(__file__).with_name("library")
"""Where the built-in skills are."""


class Origin(Enum):
    """Who a skill comes from, which decides whether it needs to be trusted first."""

    BUILT_IN = "built in"
    PACKAGE = "package"
    USER = "user"
    REPOSITORY = "repository"


def _no_wishes_of_the_model() -> ModelWishes:
    from seedsmith.skills.manifest import ModelWishes

    return ModelWishes()


def _no_wishes_of_the_budget() -> BudgetWishes:
    from seedsmith.skills.manifest import BudgetWishes

    return BudgetWishes()


@dataclass(frozen=True, slots=True)
class Skill:
    """A folder's instructions: what to do, with which tools, and how to verify it."""

    name: str
    description: str
    instructions: str
    folder: Path
    manifest: Path
    """The file it was read from."""
    origin: Origin = Origin.USER
    version: str = ""
    license: str = ""
    compatibility: str = ""
    triggers: tuple[str, ...] = ()
    parameters: Mapping[str, ParameterSpec] = field(default_factory=dict)
    tools: tuple[str, ...] | None = None
    """The only tools that may be called while it is the task; None: all."""
    commands: Mapping[str, CommandSpec] = field(default_factory=dict)
    files: tuple[str, ...] | None = None
    """The references its manifest lists, relative to the folder; None: whatever is in the folder."""
    model: ModelWishes = field(default_factory=_no_wishes_of_the_model)
    verify: str = ""
    budget: BudgetWishes = field(default_factory=_no_wishes_of_the_budget)
    fork: bool = False
    """Whether a helper is to carry it out, in a context of its own."""
    agent: str = ""
    """The kind of that helper; '' where its author names none."""
    hooks: HookSpecs = field(default_factory=HookSpecs)
    requires: tuple[str, ...] = ()
    tests: tuple[TestSpec, ...] = ()
    model_may_call: bool = True
    """Whether the model is told of it; otherwise only people name it."""
    digest: str = ""
    """Of its folder when it was found trusted; '' where it comes from no repository."""
    alone: bool = False
    """Whether it is its manifest alone, which lies among other files that are none of its."""
    warnings: tuple[ManifestError, ...] = ()
    """Broken rules that don't keep it from being used."""

    @property
    def real_folder(self) -> Path:
        """Where the folder really lies: commands are shown that, and no link on the way to it."""
        return self.folder.resolve()

    def values(self, given: Mapping[str, object]) -> dict[str, Value]:
        """Its parameters' values; raises :class:`seedsmith.skills.errors.BadParameters`."""
        return accept_all(self.parameters, given, f"The skill {self.name}")

    def filled_instructions(self, values: Mapping[str, Value], missing: str = NOT_GIVEN) -> str:
        """Its instructions with ``values`` in place, and ``missing`` for what was not given."""
        return fill_text(self.instructions, self.parameters, values, missing)

    def verify_command(self, values: Mapping[str, Value]) -> str:
        """The command that proves the work; empty where it has none."""
        return fill_command(self.verify, self.parameters, values)


@dataclass(frozen=True, slots=True)
class BrokenSkill:
    """A folder that holds a manifest which can't be used."""

    name: str
    """The folder's."""
    folder: Path
    origin: Origin
    errors: tuple[ManifestError, ...]
    """At least one, in the order in which they stand in the file."""
