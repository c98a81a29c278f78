"""What a task file may say; ``docs/batch.schema.json`` is made from it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")
"""``{{name}}`` stands for a value of the item."""
BUILT_IN_NAMES = ("batch", "item", "repository", "branch")


class Part(BaseModel):
    """Base of all parts of a task file: unknown keys are errors, and no value is converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def _listed(value: Any) -> Any:
    """One text stands for a list of one."""
    return [value] if isinstance(value, str) else value


def _is_regex(pattern: str) -> str:
    try:
        re.compile(pattern.encode())
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from None
    return pattern


def _no_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("holds a NUL character")
    if not text.strip():
        raise ValueError("is empty")
    return text


Said = Annotated[str, AfterValidator(_no_nul)]
Texts = Annotated[list[Said], BeforeValidator(_listed), Field(min_length=1, max_length=1000)]


class Grep(Part):
    """A regular expression that a line of some file holds."""

    pattern: Annotated[Said, AfterValidator(_is_regex)]
    files: Texts = Field(default_factory=lambda: ["**"], description="Globs of the files to look in.")


def _grep(value: Any) -> Any:
    return {"pattern": value} if isinstance(value, str) else value


class Condition(Part):
    """What must hold, all of it."""

    files: Texts | None = Field(None, description="Globs; each must fit a file.")
    grep: Annotated[Grep, BeforeValidator(_grep)] | None = None
    command: Said | None = Field(None, description="A shell command that must exit with 0.")
    verified: bool | None = Field(None, description="Whether the verify command passes now.")

    @model_validator(mode="after")
    def _says_something(self) -> Condition:
        if self == Condition.model_construct():
            raise ValueError("says nothing: give files, grep, command or verified")
        return self


Language = Literal[
    "bash",
    "c",
    "cpp",
    "csharp",
    "css",
    "elixir",
    "go",
    "haskell",
    "html",
    "java",
    "javascript",
    "json",
    "kotlin",
    "lua",
    "php",
    "python",
    "ruby",
    "rust",
    "scala",
    "swift",
    "tsx",
    "typescript",
    "yaml",
]


class AstGrep(Part):
    """Rewriting by the shape of code, in any of ast-grep's languages."""

    language: Language
    pattern: Said | None = None
    rewrite: str | None = None
    rule: dict[str, Any] | None = Field(None, description="An ast-grep rule object, in place of pattern.")
    files: Texts = Field(default_factory=lambda: ["**"])

    @model_validator(mode="after")
    def _rewrites(self) -> AstGrep:
        if (self.pattern is None) == (self.rule is None):
            raise ValueError("needs a pattern or a rule, and not both")
        if self.rewrite is None:
            raise ValueError("has no rewrite")
        return self


class LibCst(Part):
    """A libcst codemod: a class of a file beside the task file, or of an installed module."""

    codemod: Said = Field(pattern=r"^[^:]+:\w+$", description="FILE.py:Class or package.module:Class")
    arguments: dict[str, Any] = Field(default_factory=dict, alias="with")
    files: Texts = Field(default_factory=lambda: ["**/*.py"])


class Ruff(Part):
    """What ``ruff check --fix`` mends by itself."""

    select: Texts
    unsafe: bool = False
    files: Texts = Field(default_factory=lambda: ["."], description="Paths, as ruff takes them.")


class Limits(Part):
    """The most that something may take."""

    cost: float | None = Field(None, gt=0, description="Yuan.")
    tokens: int | None = Field(None, ge=1)
    turns: int | None = Field(None, ge=1)
    seconds: float | None = Field(None, gt=0)


KINDS = ("run", "patch", "ast_grep", "libcst", "ruff", "prompt", "skill")
ALIASES = {"ast_grep": "ast-grep"}


class Step(Part):
    """One thing to do; a deterministic one costs nothing."""

    name: str = ""
    when: Condition | None = Field(None, description="Done only where all of this holds.")
    unless: Condition | None = Field(None, description="Left out where all of this holds.")
    run: Said | None = Field(None, description="A shell command, run in the sandbox; it must exit with 0.")
    patch: Said | None = Field(None, description="A patch file, as git apply takes it.")
    ast_grep: AstGrep | None = Field(None, alias="ast-grep")
    libcst: LibCst | None = None
    ruff: Ruff | None = None
    prompt: Said | None = Field(None, description="A task for the model.")
    skill: Said | None = Field(None, description="A skill for the model to carry out.")
    arguments: dict[str, Any] = Field(default_factory=dict, alias="with", description="The skill's values.")
    model: Said | None = None
    effort: Literal["minimal", "low", "medium", "high"] | None = None
    timeout: float = Field(900, gt=0, description="Seconds a command may take.")

    @model_validator(mode="after")
    def _does_one_thing(self) -> Step:
        said = [kind for kind in KINDS if getattr(self, kind) is not None]
        if said == ["prompt", "skill"]:  # the prompt then says more
            return self
        if len(said) != 1:
            names = ", ".join(ALIASES.get(kind, kind) for kind in (said or KINDS))
            raise ValueError(
                f"must do one thing, not {names}" if said else f"does nothing: give one of {names}"
            )
        if self.arguments and self.skill is None:
            raise ValueError("has 'with', but no skill that it is for")
        return self

    @property
    def kind(self) -> str:
        """What it does: one of :data:`KINDS`."""
        return "skill" if self.skill is not None else next(k for k in KINDS if getattr(self, k) is not None)

    @property
    def asks_model(self) -> bool:
        """Whether it costs anything."""
        return self.kind in ("prompt", "skill")

    @property
    def title(self) -> str:
        """How it is called in plans and reports."""
        if self.name:
            return self.name
        kind = ALIASES.get(self.kind, self.kind)
        detail: object = getattr(self, self.kind)
        if self.ast_grep is not None:
            detail = self.ast_grep.pattern or self.ast_grep.rule
        elif self.libcst is not None:
            detail = self.libcst.codemod.rpartition("/")[2]
        elif self.ruff is not None:
            detail = ", ".join(self.ruff.select)
        text = " ".join(f"{kind}: {detail}".split())
        return f"{text[:69]}…" if len(text) > 70 else text


class Place(Part):
    """Repositories by a list in a file, or one bare repository on this machine."""

    list: Said | None = Field(None, description="A file with a path or glob a line; # begins a remark.")
    remote: Said | None = Field(None, description="A bare repository on this machine.")

    @model_validator(mode="after")
    def _is_one(self) -> Place:
        if (self.list is None) == (self.remote is None):
            raise ValueError("needs list or remote, and not both")
        return self


class Deliver(Part):
    """How the work of an item is handed over; never a push."""

    branch: Said | None = Field(None, description="A new branch in the repository.")
    message: str = Field("{{batch}}", description="Of the commit.")
    patch: Said | None = Field(None, description="A patch file; relative to the task file.")
    bundle: Said | None = Field(None, description="A git bundle; relative to the task file.")
    author: str | None = Field(None, pattern=r"^[^<>\n]+ <[^<>\s]+>$", description="NAME <ADDRESS>")


class Budget(Part):
    """What each item, and the batch in all, may take."""

    each: Limits = Limits.model_validate({})
    cost: float | None = Field(None, gt=0, description="Yuan, in all.")


class TaskFile(Part):
    """One batch: what is done, where, and how it is proven."""

    name: str = Field("", pattern=r"^$|" + NAME, description="Default: the file's name.")
    include: Texts | None = Field(None, description="Task files whose steps come before these.")
    repositories: Annotated[list[Said | Place], BeforeValidator(_listed)] = Field(default_factory=list)
    exclude: Annotated[list[Said], BeforeValidator(_listed)] = Field(default_factory=list)
    base: Said | None = Field(None, description="Branch or commit to begin with; default: HEAD.")
    uncommitted: Literal["refuse", "leave"] = Field(
        "refuse", description="What is done about changes that are not committed: they are never taken along."
    )
    matrix: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], list[str]] = Field(default_factory=dict)
    when: Condition | None = None
    unless: Condition | None = None
    setup: Annotated[list[Said], BeforeValidator(_listed)] = Field(default_factory=list)
    steps: list[Step] = Field(default_factory=list)
    verify: Said | None = Field(None, description="The command that proves the work.")
    budget: Budget = Budget.model_validate({})
    attempts: int = Field(1, ge=1, le=16, description="Independent attempts where a model is asked.")
    attempt_models: Annotated[list[Said], BeforeValidator(_listed)] = Field(
        default_factory=list, description="Models of the attempts, in turn."
    )
    tries: int = Field(3, ge=1, le=20, description="How often an item is begun before it counts as failed.")
    workers: int = Field(1, ge=1, le=64)
    deliver: Deliver = Deliver.model_validate({})
    model: Said | None = None

    @model_validator(mode="after")
    def _names(self) -> TaskFile:
        names = [step.name for step in self.steps if step.name]
        for index, name in enumerate(names):
            if name in names[:index]:
                raise ValueError(f"has two steps named {name!r}")
        for key, values in self.matrix.items():
            if key in BUILT_IN_NAMES:
                raise ValueError(f"has {key!r} in its matrix, which means something already")
            if not values or len(set(values)) != len(values):
                raise ValueError(f"has no or repeated values for {key!r} in its matrix")
        return self

    def unknown_placeholders(self) -> Iterator[str]:
        """The names in double braces that no item has a value for."""
        known = {*BUILT_IN_NAMES, *self.matrix}
        for text in _texts(self.model_dump(exclude={"include"})):
            yield from (name for name in PLACEHOLDER.findall(text) if name not in known)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def schema_text() -> str:
    """The text of ``docs/batch.schema.json``: what a task file may hold, for editors."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **TaskFile.model_json_schema()}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
