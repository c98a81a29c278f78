"""Settings of a run that asks the scripted service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scripted_endpoint import Endpoint

from seedsmith.agent.settings.settings import Settings


def scripted_settings(endpoint: Endpoint, workspace: Path, home: Path, **more: Any) -> Settings:
    """Those of a run in ``workspace`` that keeps its state in ``home``; ``more`` are further fields."""
    told = {"model": "openai/scripted", "base_url": endpoint.base_url, "api_key": "a-key-for-tests"}
    return Settings(workspace=workspace, home=home, **(told | more))
