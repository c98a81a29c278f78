"""What Codex keeps in ``$CODEX_HOME``, which is ``~/.codex`` where nothing is said."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from seedsmith.agent.errors import ConfigurationError
from seedsmith.agent.settings.imports.target import MOST_BYTES, Target
from seedsmith.agent.settings.yaml_file import read_small

NAME = "codex"
_EFFORTS = ("minimal", "low", "medium", "high")
_SERVER = {
    "command": "command",
    "args": "args",
    "env": "env",
    "cwd": "cwd",
    "url": "url",
    "http_headers": "headers",
    "tool_timeout_sec": "timeout",
}
_WHY = {
    "model": "it is a model of another service: seedsmith config set model PROVIDER/MODEL",
    "model_provider": "services of one's own stand in models.yaml (docs/models.md)",
    "model_providers": "services of one's own stand in models.yaml (docs/models.md)",
    "approval_policy": "how calls are approved is --approve here",
    "sandbox_mode": "what commands may reach is held by --sandbox and --network here",
    "sandbox_workspace_write": "what commands may reach is held by --sandbox and --network here",
    "notify": "a notification at the end is --notify here",
}


def take(target: Target) -> bool:
    """Take over what there is; whether there was anything to look at."""
    folder = Path(target.environment.get("CODEX_HOME") or target.home / ".codex")
    if not folder.is_dir():
        return False
    target.instructions(folder / "AGENTS.md")
    from seedsmith.skills.claude_commands import command_files

    for file in command_files(folder / "prompts"):
        target.command(file, folder / "prompts")
    path = folder / "config.toml"
    for key, value in _table(path).items():
        if key == "mcp_servers" and isinstance(value, dict):
            for name, entry in value.items():
                target.server(name, _entry(entry), path)
        elif key == "model_reasoning_effort" and value in _EFFORTS:
            target.setting("effort", value, f"{key} ({path})")
        else:
            target.leave(f"{key} ({path})", _WHY.get(key, "nothing here corresponds to it"))
    return True


def _entry(given: Any) -> Any:
    """A server as ``mcpServers`` has it."""
    if not isinstance(given, dict):
        return given
    entry = {ours: given[theirs] for theirs, ours in _SERVER.items() if theirs in given}
    if variable := given.get("bearer_token_env_var"):
        entry["headers"] = {**entry.get("headers", {}), "Authorization": f"Bearer ${{{variable}}}"}
    for header, name in dict(given.get("env_http_headers") or {}).items():
        entry["headers"] = {**entry.get("headers", {}), header: f"${{{name}}}"}
    if given.get("enabled") is False:
        entry["disabled"] = True
    return entry


def _table(path: Path) -> dict[str, Any]:
    content = read_small(path, MOST_BYTES)
    try:
        return tomllib.loads(content.decode()) if content else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigurationError(f"{path} is no TOML: {error}.") from None
