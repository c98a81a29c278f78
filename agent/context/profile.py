"""How a model is used, depending on its provider: its prompt, its tools, and how much it reads at once."""

from __future__ import annotations

from typing import Literal

from seedsmith.sandbox.lazy_dataclass import dataclass

ToolChoice = Literal["auto", "required"]


@dataclass(frozen=True, slots=True)
class Profile:
    """One way of talking to a model."""

    name: str
    prompt: str
    """File under ``context/prompts`` that holds the system prompt."""
    tools: tuple[str, ...] | None
    """Names of the tools offered; None: all."""
    tool_choice: ToolChoice
    finish_tool: bool
    """Whether the model ends a run by calling a tool, because it can't answer without a call."""
    facts: bool
    """Whether the first messages hold facts about the workspace and its AGENTS.md."""
    sources: int
    """How many lines of the source that a failing check's output points at are shown; 0: none."""
    output_bytes: int
    """Most bytes of a tool's result in the conversation; the whole result is kept as a spill."""
    searches: bool = False
    """Whether ``fix`` is a search by many small questions (``agent/repair``) rather than a conversation."""
    first_verify_seconds: float = 900.0
    """How long the check may take before the first turn; one that hangs counts as failed."""


FULL = Profile(
    "full", "system.md", None, "auto", finish_tool=False, facts=True, sources=0, output_bytes=32 << 10
)
COMPACT = Profile(
    "compact",
    "system-compact.md",
    ("read", "edit", "shell"),
    "required",
    finish_tool=True,
    facts=False,
    sources=40,
    output_bytes=3 << 10,
    searches=True,
    first_verify_seconds=30.0,
)
"""For a local model: 60 tokens a second in, so a prompt of at most 800 tokens
(docs/model-service.md, "The local model")."""

SEARCH_TURNS = 5000
"""A search asks many questions of a few seconds each, so its time limit matters, not its turns."""

_PROFILES = {profile.name: profile for profile in (FULL, COMPACT)}


def choose_profile(provider: str) -> Profile:
    """The profile for a provider: compact for ``local``, else full."""
    return COMPACT if provider == "local" else FULL


def profile_named(name: str) -> Profile:
    """The profile a recorded session was begun with."""
    return _PROFILES[name]
