"""Declarations of hooks: commands that get an event, and may veto it or add a message."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from seedsmith.skills.parameter_specs import ManifestPart

HookEvent = Literal["session_start", "before_tool", "after_tool", "before_finish"]


class HookSpec(ManifestPart):
    """One command; it gets the event as JSON on its standard input."""

    argv: list[str] = Field(
        min_length=1,
        max_length=100,
        description="Program and arguments; in a skill {skill} stands for its folder.",
    )
    tools: list[str] | None = Field(
        default=None, min_length=1, description="Only for calls of these tools; default: of all."
    )
    timeout: int = Field(30, ge=1, le=600, description="Seconds.")
    form: Literal["own", "claude"] = Field(
        "own", description="claude: it is told events, and answers, in the form of Claude Code's hooks."
    )


class HookSpecs(ManifestPart):
    """Hooks by their events; several hooks of one event run in order."""

    session_start: list[HookSpec] = Field(default=[], max_length=20)
    before_tool: list[HookSpec] = Field(default=[], max_length=20)
    after_tool: list[HookSpec] = Field(default=[], max_length=20)
    before_finish: list[HookSpec] = Field(default=[], max_length=20)

    @model_validator(mode="after")
    def _agrees(self) -> HookSpecs:
        for event in ("session_start", "before_finish"):
            if any(hook.tools for hook in getattr(self, event)):
                raise ValueError(f"names tools under {event}, which is about no tool")
        return self

    def of(self, event: HookEvent) -> list[HookSpec]:
        """The hooks of ``event``."""
        found: list[HookSpec] = getattr(self, event)
        return found

    def __bool__(self) -> bool:
        return bool(self.session_start or self.before_tool or self.after_tool or self.before_finish)
