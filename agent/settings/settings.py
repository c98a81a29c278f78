"""The one settings model behind flags, configuration keys and ``Agent(...)`` arguments.

docs/command-line.md, "The flags of run", lists the flags that are made from its fields.
Annotations are no texts here, as elsewhere: pydantic would compile each of them at every start.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
)

from seedsmith.agent.settings import validators
from seedsmith.agent.settings.option import Option
from seedsmith.agent.settings.ranges import TRUTH, wanted
from seedsmith.agent.settings.skill_settings import FolderNames, Texts, hook_specs, one_or_several, pairs
from seedsmith.skills.hook_specs import HookSpecs

OFFER = "?"
"""Stands for the session that a person is to choose from a list."""
SandboxChoice = Literal["auto", "bwrap", "landlock", "external", "off"]


def _model(default: str) -> str:
    """How a sampling parameter is described; the values are the document's.

    See docs/model-service.md, "Parameters".
    """
    return f"Sampling parameter; the model's own default is {default}."


_NUMBER = Option("NUMBER", sampling=True)
_INTEGER = Option("INTEGER", sampling=True)


class Settings(BaseModel):
    """Everything a run can be told; a field left out keeps its default."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    workspace: Annotated[Path, Option("DIR", "-C", ambient=False, recorded=False)] = Field(
        Path("."), description="Folder to work in."
    )
    workspace_is_home: Annotated[bool, Option(ambient=False, recorded=False)] = Field(
        False, description="Work in the home folder itself, or in one that holds it."
    )
    add_dir: Annotated[
        list[Path] | None,
        BeforeValidator(one_or_several),
        AfterValidator(validators.absolute_paths),
        Option("DIR", ambient=False, recorded=False, kept=True),
    ] = Field(None, description="Folder that tools and commands may read, too; may be repeated.")
    model: Annotated[str | None, Option("PROVIDER/MODEL", "-m")] = Field(
        None, description="E.g. wcode/doubao-seed-2.0-code or local/qwen2.5-coder-1.5b."
    )
    base_url: Annotated[str | None, Option("URL")] = Field(
        None, pattern=r"\S", description="Address of an OpenAI-compatible service."
    )
    api_key: Annotated[str | None, Option("KEY", flag=False, recorded=False)] = Field(
        None, description="Key for it.", repr=False
    )
    fallback: Annotated[
        list[str] | None, BeforeValidator(validators.comma_separated), Option("PROVIDER/MODEL")
    ] = Field(
        None, description="Model that takes over when the one before it is down or out of quota; repeatable."
    )
    ca_bundle: Annotated[Path | None, Option("FILE", recorded=False)] = Field(
        None, description="Certificate authorities (PEM) to trust besides the usual ones."
    )
    wire: Annotated[Literal["chat", "responses"] | None, Option()] = Field(
        None, description="Protocol to speak; default: the provider's own."
    )
    effort: Annotated[Literal["minimal", "low", "medium", "high"] | None, Option()] = Field(
        None, description="How hard the model should think."
    )
    verify: Annotated[str | None, AfterValidator(validators.without_nul), Option("CMD", repository=True)] = (
        Field(
            None,
            pattern=r"\S",
            description="Command that proves the work; run before, and after the model says it is done.",
        )
    )
    symptom: Annotated[
        str | None, AfterValidator(validators.without_nul), Option(flag=False, ambient=False)
    ] = Field(
        None,
        pattern=r"\S",
        description="What was reported: tests have to fail on the code as it was and pass at the end.",
    )
    allow_test_changes: Annotated[bool, Option()] = Field(
        False, description="Let tests be weakened, skipped or deleted; else that leaves the work unverified."
    )
    report: Annotated[Path | None, Option("FILE", ambient=False, recorded=False)] = Field(
        None, description="File to write a pull request's text to: cause, change, proof and risk."
    )
    ignore: Annotated[Texts, AfterValidator(validators.path_globs), Option("GLOB", repository=True)] = Field(
        None, description="Paths that glob and grep leave out, as .gitignore names them; may be repeated."
    )
    skill: Annotated[str | None, Option("NAME", ambient=False)] = Field(
        None, pattern=r"\S", description="Skill to carry out; PROMPT then says more, or nothing."
    )
    skill_with: Annotated[
        dict[str, Any] | None,
        BeforeValidator(pairs),
        Option("NAME=VALUE", long="--with", several=True, ambient=False),
    ] = Field(None, description="Value for a parameter of the skill; may be repeated.")
    skills: Annotated[
        list[str] | None, BeforeValidator(validators.comma_separated), Option("NAME", repository=True)
    ] = Field(None, description="Tell the model of these skills only; may be repeated.")
    extensions: Annotated[bool, Option()] = Field(
        True, description="Offer the tools of installed packages, too."
    )
    language_servers: Annotated[bool, Option()] = Field(
        True, description="Ask the repository's own language servers, after edits and for the tool symbols."
    )
    browser: Annotated[bool | None, Option()] = Field(
        None,
        description="Offer a browser for pages of this machine: always, never, or where the named skill "
        "lists it among its tools.",
    )
    subagents: Annotated[bool | None, Option()] = Field(
        None,
        description="Offer helpers that work and report in a context of their own: always, never, or where "
        "there are kinds in ~/.agents/agents.",
    )
    hooks: Annotated[HookSpecs | None, BeforeValidator(hook_specs), Option(flag=False, recorded=False)] = (
        Field(None, description="Commands that hear of events and may stop them; see docs/skills.md.")
    )
    credentials: Annotated[
        list[dict[str, Any]] | None,
        AfterValidator(validators.credentials),
        Option(flag=False, recorded=False),
    ] = Field(None, description="Variables and files for named commands alone; see docs/sandbox.md.")
    permissions: Annotated[
        list[dict[str, Any]] | None,
        AfterValidator(validators.permissions),
        Option(flag=False, repository=True, adds=True, recorded=False),
    ] = Field(None, description="What the model may do, is asked about, or may not; see docs/permissions.md.")
    image: Annotated[
        list[Path] | None, BeforeValidator(one_or_several), Option("FILE", ambient=False, recorded=False)
    ] = Field(None, description="Picture to show with the prompt; may be repeated.")
    max_turns: Annotated[int | None, Option("N")] = Field(
        None, ge=1, description="Most questions to the model."
    )
    max_cost: Annotated[float | None, Option("YUAN")] = Field(None, gt=0, description="Most yuan to spend.")
    max_tokens: Annotated[int | None, Option("N")] = Field(
        None, ge=1, description="Most tokens, input and output together."
    )
    max_time: Annotated[float | None, Option("SECONDS", recorded=False, kept=True)] = Field(
        None, gt=0, description="Most seconds."
    )
    approve: Annotated[Literal["ask", "auto", "plan"] | None, Option(recorded=False)] = Field(
        None,
        description="Ask a person where policy says so (the default at a terminal), refuse instead, "
        "or let nothing be changed and end with a plan.",
    )
    sandbox: Annotated[SandboxChoice, Option(typed_only=frozenset({"external", "off"}), recorded=False)] = (
        Field("auto", description="How commands are confined.")
    )
    network: Annotated[
        str,
        AfterValidator(validators.network),
        Option(
            "off|on|allow=HOST[:PORT],…", typed_only=frozenset({"on", "allow=HOST[:PORT],…"}), recorded=False
        ),
    ] = Field("off", description="Whether commands reach the network, or by a proxy what is named alone.")
    git_remote: Annotated[
        Literal["off", "fetch", "push"], Option(typed_only=frozenset({"fetch", "push"}), recorded=False)
    ] = Field("off", description="What the git tool may do with remotes.")
    max_output_tokens: Annotated[int | None, Option("N")] = Field(
        None, ge=1, description="Most tokens of one answer, thinking left out where the service can tell."
    )
    max_completion_tokens: Annotated[int | None, Option("N")] = Field(
        None, ge=1, description="Most tokens of one answer, thinking counted in; excludes the former."
    )
    compact: Annotated[Literal["auto", "off"], Option()] = Field(
        "auto", description="Shorten a history that fills the context or would pass a price tier, or never."
    )
    parallel_tool_calls: Annotated[bool, Option()] = Field(
        True, description="Let the model ask for several calls at once."
    )
    tool_choice: Annotated[
        str | None, BeforeValidator(validators.tool_choice), Option("none|auto|required|TOOL")
    ] = Field(None, description="Which tool the model must call; required and a name hold for one question.")
    thinking: Annotated[Literal["enabled", "disabled", "auto"] | None, Option()] = Field(
        None, description="Whether the model thinks first."
    )
    temperature: Annotated[float | None, _NUMBER] = Field(None, ge=0, le=2, description=_model("1.0"))
    top_p: Annotated[float | None, _NUMBER] = Field(None, ge=0, le=1, description=_model("1.0"))
    top_k: Annotated[int | None, _INTEGER] = Field(None, ge=0, description=_model("0"))
    min_p: Annotated[float | None, _NUMBER] = Field(None, ge=0, le=1, description=_model("0.0"))
    top_a: Annotated[float | None, _NUMBER] = Field(None, ge=0, le=1, description=_model("0.0"))
    frequency_penalty: Annotated[float | None, _NUMBER] = Field(None, ge=-2, le=2, description=_model("0.0"))
    presence_penalty: Annotated[float | None, _NUMBER] = Field(None, ge=-2, le=2, description=_model("0.0"))
    repetition_penalty: Annotated[float | None, _NUMBER] = Field(None, ge=0, le=2, description=_model("1.0"))
    seed: Annotated[int | None, _INTEGER] = Field(None, description="Seed for answers that can be repeated.")
    stop: Annotated[
        list[str] | None,
        BeforeValidator(one_or_several),
        AfterValidator(validators.stop_texts),
        Option("TEXT", sampling=True),
    ] = Field(None, description="End an answer at this text; may be given several times.")
    logit_bias: Annotated[
        dict[str, float] | None,
        BeforeValidator(validators.token_biases),
        BeforeValidator(validators.json_object),
        Option("JSON", sampling=True),
    ] = Field(None, description="Bias by token id, as a JSON object.")
    logprobs: Annotated[bool | None, Option(sampling=True)] = Field(
        None, description="Ask for log probabilities."
    )
    top_logprobs: Annotated[int | None, _INTEGER] = Field(
        None, ge=0, le=20, description="Log probabilities of so many tokens at each place; needs logprobs."
    )
    response_format: Annotated[
        dict[str, Any] | None,
        AfterValidator(validators.response_format),
        BeforeValidator(validators.json_object),
        Option("JSON", sampling=True),
    ] = Field(None, description='Form of every answer, e.g. {"type": "json_object"}.')
    structured_outputs: Annotated[bool | None, Option(sampling=True)] = Field(
        None, description="Say that answers are to follow a JSON schema; needs one."
    )
    verbosity: Annotated[Literal["low", "medium", "high"] | None, Option(sampling=True)] = Field(
        None, description="How long answers should be; the model's own default is medium."
    )
    output_schema: Annotated[
        Path | dict[str, Any] | None,
        AfterValidator(validators.plain_json),
        Option("FILE", recorded=False, kept=True),
    ] = Field(None, description="JSON Schema that the final message must follow, as JSON.")
    store: Annotated[bool | None, Option(sampling=True)] = Field(
        None, description="Let the service keep the answers; it decides where this is left out."
    )
    expire_at: Annotated[int | None, AfterValidator(validators.one_to_seven_days_ahead), _INTEGER] = Field(
        None, description="Until when it keeps them, in seconds since 1970, 1 to 7 days ahead."
    )
    caching: Annotated[Literal["enabled", "disabled"] | None, Option(sampling=True)] = Field(
        None, description="Let the service cache the conversation's prefix."
    )
    chain: Annotated[bool, Option()] = Field(
        False, description="Continue the stored answer by its id and send only what is new."
    )
    resume: Annotated[str | None, Option("[ID]", ambient=False, recorded=False, alone=OFFER)] = Field(
        None,
        pattern=r"\S",
        description="Session to go on with: an id, its beginning, last; alone: offered.",
    )
    fork: Annotated[str | None, Option("ID", ambient=False, recorded=False)] = Field(
        None, pattern=r"\S", description="Session to go on with in a copy of it, which leaves it as it is."
    )
    lang: Annotated[Literal["en", "zh"] | None, Option(recorded=False)] = Field(
        None, description="Language that is spoken to you; default: the locale's, else English."
    )
    notify: Annotated[Literal["off", "bell", "desktop"], Option(recorded=False)] = Field(
        "bell", description="How a conversation calls you when a long turn ended or a question waits."
    )
    plain: Annotated[bool, Option(recorded=False)] = Field(
        False, description="Show a conversation line by line, for a screen reader or a plain terminal."
    )
    otel: Annotated[bool, Option(recorded=False)] = Field(
        False, description="Send spans and metrics to an OpenTelemetry collector; see docs/observability.md."
    )
    otel_content: Annotated[bool, Option(recorded=False)] = Field(
        False, description="With --otel, send what the model and the tools said, too, without known secrets."
    )
    record: Annotated[Path | None, Option("FILE", ambient=False, recorded=False)] = Field(
        None, description="New file, outside the workspace, to record the whole run in."
    )
    replay: Annotated[Path | None, Option("FILE", ambient=False, recorded=False)] = Field(
        None, description="Recording to run again, without network or model."
    )
    background_after: Annotated[float, Option("SECONDS", flag=False, kept=False)] = Field(
        120, gt=0, le=3600, description="When a command without a timeout goes on in the background."
    )
    sessions_mb: Annotated[int, Option("MB", flag=False, recorded=False)] = Field(
        2000, ge=0, description="What all sessions may take before the oldest are removed; 0: never removed."
    )
    caches: Annotated[FolderNames, Option("NAME", flag=False, recorded=False)] = Field(
        None, description="Names of folders that snapshots leave out as caches, besides the well-known ones."
    )
    home: Annotated[Path | None, Option("DIR", flag=False, recorded=False)] = Field(
        None, description="State folder; default: the platform's."
    )
    _own_command: str = PrivateAttr("")
    _typed: frozenset[str] | None = PrivateAttr(None)

    def typed(self, names: Collection[str]) -> Self:
        """The same, knowing that only ``names`` were given for this run; the others are how things are."""
        copied = self.model_copy()
        copied._typed = frozenset(names)
        return copied

    @property
    def given(self) -> frozenset[str]:
        """The settings that were given for this run; all that were set, unless :meth:`typed` said."""
        return frozenset(self.model_fields_set) if self._typed is None else self._typed

    def __eq__(self, other: object) -> bool:
        """Whether both say the same; who typed what doesn't count."""
        return isinstance(other, Settings) and self.__dict__ == other.__dict__

    def in_own_words(self, command: str) -> Self:
        """The same, knowing that the user wrote ``command``: programs it names by path may be shown to it."""
        copied = self.model_copy()
        copied._own_command = command
        return copied

    def wrote(self, command: str) -> bool:
        """Whether the user wrote ``command``, not the repository, a skill, a recording or a model."""
        return bool(command) and command == self._own_command

    @field_validator("*", mode="wrap")
    @classmethod
    def _name_the_range(cls, value: Any, validate: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
        """Say the whole range a value should be in; no number passes for a truth value, nor the reverse."""
        if not (wanted := WANTED.get(info.field_name or "", "")):
            return validate(value)
        if isinstance(value, bool) == (wanted == TRUTH) or isinstance(value, str) or value is None:
            try:
                return validate(value)
            except ValidationError as error:
                if error.errors(include_url=False)[0]["type"] == "value_error":  # its own check says more
                    raise
        raise ValueError(f"must be {wanted}")

    @property
    def model_flags(self) -> tuple[str, ...]:
        """What is typed for the same model at the same service."""
        given = {"--model": self.model, "--base-url": self.base_url, "--wire": self.wire}
        return tuple(word for flag, value in given.items() if value for word in (flag, value))

    @property
    def sampling(self) -> dict[str, Any]:
        """The parameters of the body that were set, and only those, by their names there."""
        chosen = {name: getattr(self, name) for name, option in OPTIONS.items() if option.sampling}
        if self.thinking is not None:
            chosen["thinking"] = {"type": self.thinking}
        return {name: value for name, value in chosen.items() if value is not None}


def _option(name: str) -> Option:
    return next(mark for mark in Settings.model_fields[name].metadata if isinstance(mark, Option))


OPTIONS: dict[str, Option] = {name: _option(name) for name in Settings.model_fields}
"""How each setting is reached from outside, by field name."""
KEPT = frozenset(
    name for name, option in OPTIONS.items() if (option.recorded if option.kept is None else option.kept)
)
"""Settings that a session that is gone on with keeps, unless they are given again."""
WANTED: dict[str, str] = {
    name: words for name, field in Settings.model_fields.items() if (words := wanted(field))
}
"""What each numeric or boolean setting should be, with its range, e.g. ``a number from 0 to 2``."""
