"""What Claude Code keeps in ``~/.claude`` and ``~/.claude.json``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seedsmith.agent.settings.imports.hook_lines import argv_of
from seedsmith.agent.settings.imports.target import Target
from seedsmith.agent.settings.json_file import json_object
from seedsmith.agent.settings.yaml_file import read_small
from seedsmith.sandbox.errors import SandboxError

NAME = "claude"
MOST_BYTES = 20 << 20
"""Of a JSON file: ``~/.claude.json`` holds much besides."""
_EVENTS = {
    "SessionStart": "session_start",
    "PreToolUse": "before_tool",
    "PostToolUse": "after_tool",
    "Stop": "before_finish",
}
_TOOLS = {
    "Bash": ("shell",),
    "Read": ("read",),
    "Write": ("write",),
    "Edit": ("edit", "patch"),
    "MultiEdit": ("edit", "patch"),
    "Grep": ("grep",),
    "Glob": ("glob",),
    "TodoWrite": ("todo",),
    "Task": ("task",),
}
_WHY = {
    "model": "it is a model of another service: seedsmith config set model PROVIDER/MODEL",
    "permissions": "rules have another form here, and the sandbox holds what commands may reach",
    "env": "variables of one's environment are none of ours to keep",
}


def take(target: Target) -> bool:
    """Take over what there is; whether there was anything to look at."""
    folder, state = target.home / ".claude", target.home / ".claude.json"
    if not folder.is_dir() and not state.is_file():
        return False
    target.instructions(folder / "CLAUDE.md")
    for skill in _sorted(folder / "skills"):
        if skill.is_dir():
            _take_skill(target, skill)
    from seedsmith.skills.claude_commands import command_files

    for file in command_files(folder / "commands"):
        target.command(file, folder / "commands")
    for file in _sorted(folder / "agents"):
        if file.suffix == ".md" and file.is_file():
            target.kind(file)
    servers = _object(state).get("mcpServers")
    for name, entry in servers.items() if isinstance(servers, dict) else ():
        target.server(name, entry, state)
    _take_settings(target, folder / "settings.json")
    return True


def _take_skill(target: Target, skill: Path) -> None:
    try:
        target.skill_folder(skill)
    except (SandboxError, OSError) as error:
        target.leave(f"skill {skill.name} ({skill})", str(error))


def _take_settings(target: Target, path: Path) -> None:
    for key, value in _object(path).items():
        if key == "hooks":
            if hooks := _hooks(target, value, path):
                target.setting("hooks", hooks, f"hooks ({path})")
        elif key != "$schema":
            target.leave(f"{key} ({path})", _WHY.get(key, "nothing here corresponds to it"))


def _hooks(target: Target, given: Any, path: Path) -> dict[str, list[dict[str, Any]]]:
    """The hooks as ``config.yaml`` has them."""
    found: dict[str, list[dict[str, Any]]] = {}
    for event, groups in given.items() if isinstance(given, dict) else ():
        what = f"hooks of {event} ({path})"
        if event not in _EVENTS:
            target.leave(what, "there is no such event here")
            continue
        for group in groups if isinstance(groups, list) else ():
            matcher = str(group.get("matcher") or "") if isinstance(group, dict) else ""
            tools = _tools(matcher) if _EVENTS[event] in ("before_tool", "after_tool") else ()
            if tools is None:
                target.leave(f"{what}, {matcher!r}", "nothing here corresponds to what it is about")
                continue
            for hook in group.get("hooks") or () if isinstance(group, dict) else ():
                if made := _hook(target, hook, tools, what):
                    found.setdefault(_EVENTS[event], []).append(made)
    return found


def _hook(target: Target, given: Any, tools: tuple[str, ...], what: str) -> dict[str, Any] | None:
    if not isinstance(given, dict) or given.get("type", "command") != "command" or not given.get("command"):
        target.leave(what, "it is no command")
        return None
    argv, hidden = argv_of(str(given["command"]), target.home)
    if hidden:
        target.leave(f"{what}, {given['command']!r}", hidden)
        return None
    made: dict[str, Any] = {"argv": argv, "form": "claude"}
    if tools:
        made["tools"] = list(tools)
    if isinstance(given.get("timeout"), int | float):
        made["timeout"] = min(max(int(given["timeout"]), 1), 600)
    return made


def _tools(matcher: str) -> tuple[str, ...] | None:
    """Our tools that a matcher names, none for all; None where it names others, too."""
    if matcher in ("", "*", ".*"):
        return ()
    found: dict[str, None] = {}
    for name in matcher.split("|"):
        ours = ("mcp",) if name.startswith("mcp__") else _TOOLS.get(name)
        if ours is None:
            return None
        found |= dict.fromkeys(ours)
    return tuple(found)


def _object(path: Path) -> dict[str, Any]:
    return json_object(path, read_small(path, MOST_BYTES))


def _sorted(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []
