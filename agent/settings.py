"""The one settings model behind flags, configuration keys and ``Agent(...)`` arguments (DESIGN §2)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

SandboxChoice = Literal["auto", "bwrap", "landlock", "external", "off"]


class Settings(BaseModel):
    """Everything a run can be told; a field left out keeps its default."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    workspace: Path = Field(Path("."), description="Folder to work in.")
    model: str | None = Field(None, description="PROVIDER/MODEL, e.g. wcode/doubao-seed-2.0-code.")
    base_url: str | None = Field(None, description="Address of an OpenAI-compatible service.")
    api_key: str | None = Field(None, description="Key for it.", repr=False)
    wire: Literal["chat"] | None = Field(None, description="Protocol to speak.")
    effort: Literal["minimal", "low", "medium", "high"] | None = Field(None, description="How hard to think.")
    verify: str | None = Field(None, description="Command that proves the work.")
    max_turns: int | None = Field(None, ge=1, description="Most questions to the model.")
    max_cost: float | None = Field(None, gt=0, description="Most yuan to spend.")
    max_tokens: int | None = Field(None, ge=1, description="Most tokens, input and output together.")
    max_time: float | None = Field(None, gt=0, description="Most seconds.")
    approve: Literal["ask", "auto"] | None = Field(None, description="Ask a person, or never.")
    sandbox: SandboxChoice = Field("auto", description="How commands are confined.")
    network: Literal["off", "on"] = Field("off", description="Whether commands reach the network.")
    max_output_tokens: int | None = Field(None, ge=1, description="Most tokens of one answer.")
    parallel_tool_calls: bool = Field(True, description="Let the model ask for several calls at once.")
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, ge=0, le=1)
    seed: int | None = None
    resume: str | None = Field(None, description="Session to go on with.")
    home: Path | None = Field(None, description="State folder; default: the platform's.")

    @property
    def sampling(self) -> dict[str, Any]:
        """The sampling parameters that were set, and only those (``doubao-api.md`` §3)."""
        chosen = {"temperature": self.temperature, "top_p": self.top_p, "seed": self.seed}
        return {name: value for name, value in chosen.items() if value is not None}
