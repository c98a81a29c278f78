"""The one settings model behind flags, configuration keys and ``Agent(...)`` arguments (DESIGN §2)."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

SandboxChoice = Literal["auto", "bwrap", "landlock", "external", "off"]


@dataclass(frozen=True, slots=True)
class Option:
    """How a setting is reached from outside a program."""

    metavar: str = ""
    short: str = ""
    """Short flag, e.g. ``-m``."""
    flag: bool = True
    """Whether the command line takes it; a key typed there would show in the process list."""
    ambient: bool = True
    """Whether the environment and the user's configuration file may set it."""
    repository: bool = False
    """Whether the repository's own configuration may set it: harmless keys only."""
    typed_only: frozenset[str] = frozenset()
    """Values that weaken the sandbox: taken from the command line or an ``Agent`` argument alone."""
    recorded: bool = True
    """Whether it belongs to the run, so that a recording holds it and a replay takes it from there."""
    sampling: bool = False
    """A sampling parameter: sent under its own name, and only when it was set."""


def _one_or_several(given: Any) -> Any:
    return [given] if isinstance(given, (str, Path)) else given


def _json(given: Any) -> Any:
    return json.loads(given) if isinstance(given, str) else given


_PATH_GLOB = re.compile(r"[^\x00-\x1f\x7f\[\]{}\\!]{1,200}")
_MOST_GLOBS = 100


def _without_nul(command: str | None) -> str | None:
    if command is not None and "\0" in command:
        raise ValueError("holds a NUL character, which no command can")
    return command


def _path_globs(globs: list[str] | None) -> list[str] | None:
    if globs is not None and len(globs) > _MOST_GLOBS:
        raise ValueError(f"holds more than {_MOST_GLOBS} paths")
    for glob in globs or ():
        if not _PATH_GLOB.fullmatch(glob) or not glob.strip("/ ") or ".." in glob.split("/"):
            raise ValueError(f"holds {glob[:60]!r}: give paths in the workspace, of names, '/', '*', '?'")
    return globs


def _one_to_seven_days_ahead(moment: int | None) -> int | None:
    """The bounds of ``doubao-api.md`` §8; the clock is this machine's."""
    if moment is not None:
        earliest, latest = (int(time.time()) + days * 86_400 for days in (1, 7))
        if not earliest <= moment <= latest:
            raise ValueError(f"must lie 1 to 7 days ahead: between {earliest} and {latest} just now")
    return moment


_NUMBER = Option("NUMBER", sampling=True)
_INTEGER = Option("INTEGER", sampling=True)


class Settings(BaseModel):
    """Everything a run can be told; a field left out keeps its default."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    workspace: Annotated[Path, Option("DIR", "-C", ambient=False, recorded=False)] = Field(
        Path("."), description="Folder to work in."
    )
    model: Annotated[str | None, Option("PROVIDER/MODEL", "-m")] = Field(
        None, description="E.g. wcode/doubao-seed-2.0-code or local/qwen2.5-coder-1.5b."
    )
    base_url: Annotated[str | None, Option("URL")] = Field(
        None, description="Address of an OpenAI-compatible service."
    )
    api_key: Annotated[str | None, Option("KEY", flag=False, recorded=False)] = Field(
        None, description="Key for it.", repr=False
    )
    wire: Annotated[Literal["chat", "responses"] | None, Option()] = Field(
        None, description="Protocol to speak; default: the provider's own."
    )
    effort: Annotated[Literal["minimal", "low", "medium", "high"] | None, Option()] = Field(
        None, description="How hard the model should think."
    )
    verify: Annotated[str | None, AfterValidator(_without_nul), Option("CMD", repository=True)] = Field(
        None,
        pattern=r"\S",
        description="Command that proves the work; run before, and after the model says it is done.",
    )
    ignore: Annotated[
        list[str] | None,
        BeforeValidator(_one_or_several),
        AfterValidator(_path_globs),
        Option("GLOB", repository=True),
    ] = Field(
        None, description="Paths that glob and grep leave out, as .gitignore names them; may be repeated."
    )
    image: Annotated[
        list[Path] | None, BeforeValidator(_one_or_several), Option("FILE", ambient=False, recorded=False)
    ] = Field(None, description="Picture to show with the prompt; may be repeated.")
    max_turns: Annotated[int | None, Option("N")] = Field(
        None, ge=1, description="Most questions to the model."
    )
    max_cost: Annotated[float | None, Option("YUAN")] = Field(None, gt=0, description="Most yuan to spend.")
    max_tokens: Annotated[int | None, Option("N")] = Field(
        None, ge=1, description="Most tokens, input and output together."
    )
    max_time: Annotated[float | None, Option("SECONDS", recorded=False)] = Field(
        None, gt=0, description="Most seconds."
    )
    approve: Annotated[Literal["ask", "auto"] | None, Option(recorded=False)] = Field(
        None, description="Ask a person where policy says so (the default at a terminal), or refuse instead."
    )
    sandbox: Annotated[SandboxChoice, Option(typed_only=frozenset({"external", "off"}), recorded=False)] = (
        Field("auto", description="How commands are confined.")
    )
    network: Annotated[Literal["off", "on"], Option(typed_only=frozenset({"on"}), recorded=False)] = Field(
        "off", description="Whether commands reach the network."
    )
    max_output_tokens: Annotated[int | None, Option("N")] = Field(
        None, ge=1, description="Most tokens of one answer."
    )
    parallel_tool_calls: Annotated[bool, Option()] = Field(
        True, description="Let the model ask for several calls at once."
    )
    temperature: Annotated[float | None, _NUMBER] = Field(None, ge=0, le=2)
    top_p: Annotated[float | None, _NUMBER] = Field(None, ge=0, le=1)
    top_k: Annotated[int | None, _INTEGER] = Field(None, ge=0)
    min_p: Annotated[float | None, _NUMBER] = Field(None, ge=0, le=1)
    top_a: Annotated[float | None, _NUMBER] = Field(None, ge=0, le=1)
    frequency_penalty: Annotated[float | None, _NUMBER] = Field(None, ge=-2, le=2)
    presence_penalty: Annotated[float | None, _NUMBER] = Field(None, ge=-2, le=2)
    repetition_penalty: Annotated[float | None, _NUMBER] = Field(None, ge=0, le=2)
    seed: Annotated[int | None, _INTEGER] = None
    stop: Annotated[list[str] | None, BeforeValidator(_one_or_several), Option("TEXT", sampling=True)] = (
        Field(None, description="End an answer at this text; may be given several times.")
    )
    logit_bias: Annotated[dict[str, float] | None, BeforeValidator(_json), Option("JSON", sampling=True)] = (
        Field(None, description="Bias by token id, as a JSON object.")
    )
    logprobs: Annotated[bool | None, Option(sampling=True)] = Field(
        None, description="Ask for log probabilities."
    )
    top_logprobs: Annotated[int | None, _INTEGER] = Field(None, ge=0, le=20)
    verbosity: Annotated[Literal["low", "medium", "high"] | None, Option(sampling=True)] = Field(
        None, description="How long answers should be."
    )
    store: Annotated[bool | None, Option(sampling=True)] = Field(
        None, description="Let the service keep the answers; it decides where this is left out."
    )
    expire_at: Annotated[int | None, AfterValidator(_one_to_seven_days_ahead), _INTEGER] = Field(
        None, description="Until when it keeps them, in seconds since 1970, 1 to 7 days ahead."
    )
    caching: Annotated[Literal["enabled", "disabled"] | None, Option(sampling=True)] = Field(
        None, description="Let the service cache the conversation's prefix."
    )
    chain: Annotated[bool, Option()] = Field(
        False, description="Continue the stored answer by its id and send only what is new."
    )
    resume: Annotated[str | None, Option("ID", ambient=False, recorded=False)] = Field(
        None, pattern=r"\S", description="Session to go on with."
    )
    record: Annotated[Path | None, Option("FILE", ambient=False, recorded=False)] = Field(
        None, description="New file, outside the workspace, to record the whole run in."
    )
    replay: Annotated[Path | None, Option("FILE", ambient=False, recorded=False)] = Field(
        None, description="Recording to run again, without network or model."
    )
    home: Annotated[Path | None, Option("DIR", flag=False, recorded=False)] = Field(
        None, description="State folder; default: the platform's."
    )

    @property
    def sampling(self) -> dict[str, Any]:
        """The sampling parameters that were set, and only those (``doubao-api.md`` §3)."""
        chosen = {name: getattr(self, name) for name, option in OPTIONS.items() if option.sampling}
        return {name: value for name, value in chosen.items() if value is not None}


def _option(name: str) -> Option:
    return next(mark for mark in Settings.model_fields[name].metadata if isinstance(mark, Option))


OPTIONS: dict[str, Option] = {name: _option(name) for name in Settings.model_fields}
"""How each setting is reached from outside, by field name."""
