"""Events and rulings in the form that hooks of Claude Code read and write.

A hook that is declared with ``form: claude`` gets the event with their names (``PreToolUse``, ``Bash``,
``file_path``) and is answered for in theirs (``permissionDecision``, ``{"decision": "block"}``), so that a
program written for it runs unchanged. Paths are absolute there.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from seedsmith.skills.hook_specs import HookEvent

EVENTS: Mapping[str, HookEvent] = {
    "SessionStart": "session_start",
    "PreToolUse": "before_tool",
    "PostToolUse": "after_tool",
    "Stop": "before_finish",
}
"""Their events, and ours; the rest has none here."""
TOOLS: Mapping[str, str] = {
    "shell": "Bash",
    "read": "Read",
    "write": "Write",
    "edit": "Edit",
    "patch": "Edit",
    "grep": "Grep",
    "glob": "Glob",
    "todo": "TodoWrite",
    "task": "Task",
}
"""Our tools, and theirs; another keeps its name."""
_EVENTS = {ours: theirs for theirs, ours in EVENTS.items()}
_NAMES = {"path": "file_path", "old": "old_string", "new": "new_string"}
_FILES = frozenset({"read", "write", "edit"})


def to_claude_events(
    event: Mapping[str, Any], workspace: str, *, denied_before: bool
) -> Iterator[dict[str, Any]]:
    """``event`` of ours as theirs: one, or for a patch one for each file, since theirs are about one."""
    common: dict[str, Any] = {
        "session_id": event["session"],
        "transcript_path": "",
        "cwd": workspace,
        "hook_event_name": _EVENTS[event["event"]],
    }
    if event["event"] == "session_start":
        yield {**common, "source": "startup"}
    elif event["event"] == "before_finish":
        yield {**common, "stop_hook_active": denied_before, "last_assistant_message": event["message"]}
    else:
        common["tool_name"] = TOOLS.get(event["tool"], event["tool"])
        if event["event"] == "after_tool":
            common["tool_response"] = {"success": event["ok"], "content": event["result"]}
        for given in _their_inputs(event["tool"], event["arguments"], workspace):
            yield {**common, "tool_input": given}


def from_claude_ruling(said: Mapping[str, Any], output: str, event: str) -> dict[str, Any]:
    """What the JSON object ``said`` of such a hook means here; without one, ``output`` of a start is context.

    A wish to ask a person is a denial: there is none to be asked by a hook.
    """
    specific = said.get("hookSpecificOutput")
    specific = specific if isinstance(specific, dict) else {}
    message = specific.get("additionalContext") or ("" if said or event != "session_start" else output)
    ruling: dict[str, Any] = {"decision": "allow", "message": message}
    permission = specific.get("permissionDecision")
    if said.get("decision") in ("block", "deny"):
        ruling |= {"decision": "deny", "reason": said.get("reason")}
    elif permission in ("deny", "ask"):
        ruling |= {"decision": "deny", "reason": specific.get("permissionDecisionReason")}
    elif said.get("continue") is False:
        ruling |= {"decision": "deny", "reason": said.get("stopReason")}
    elif said.get("decision", "approve") not in ("approve", "allow", None):
        ruling["decision"] = said["decision"]  # which is none, and told so
    return ruling


def _their_inputs(tool: str, arguments: Any, workspace: str) -> list[dict[str, Any]]:
    if not isinstance(arguments, dict):
        return [{"arguments": arguments}]
    if tool == "patch":
        paths = _patched(arguments.get("patch"))
        return [{"file_path": posixpath.join(workspace, path), **arguments} for path in paths or [""]]
    if tool not in _FILES:
        return [dict(arguments)]
    given: dict[str, Any] = {_NAMES.get(str(key), str(key)): value for key, value in arguments.items()}
    if isinstance(given.get("file_path"), str):
        given["file_path"] = posixpath.normpath(posixpath.join(workspace, given["file_path"]))
    if isinstance(given.get("edits"), list):
        given["edits"] = [
            {_NAMES.get(key, key): value for key, value in each.items()} if isinstance(each, dict) else each
            for each in given["edits"]
        ]
    return [given]


def _patched(text: Any) -> list[str]:
    """The files that a patch names; none where it can't be read, and then it won't be applied either."""
    from pydantic import ValidationError

    from seedsmith.tools.base import ToolError
    from seedsmith.tools.patch.patch import PatchParameters

    try:
        files = PatchParameters(patch=text).files
    except (ToolError, ValidationError):
        return []
    named = (path for file in files for path in (file.source, file.path) if path)
    return list(dict.fromkeys(named))
