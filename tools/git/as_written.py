"""Calls of git as models write them: git's own words for an action, and its flags as parameters."""

from __future__ import annotations

from seedsmith.tools.base import JsonObject

_ACTIONS = {
    "branches": "branch",
    "cherrypick": "cherry-pick",
    "conflict": "conflicts",
    "history": "log",
    "move": "mv",
    "remove": "rm",
    "stage": "add",
    "stashes": "stash",
    "tags": "tag",
    "worktrees": "worktree",
}
_WITH_STEPS = ("stash", "worktree", "bisect", "merge", "rebase", "cherry-pick", "revert", "reset")
_NAMES = ("mode", "step", "branch", "new_branch", "tag", "verb", "stash_action")
"""What models call ``name`` where they don't call it so."""
_STEPS = ("continue", "abort", "skip", "soft", "mixed", "hard", "pop", "apply", "drop", "delete")
_SAID_ANYWAY = ("oneline", "stat", "no_pager", "short", "porcelain", "verbose", "quiet")


def as_written(values: JsonObject) -> JsonObject:
    """Return ``values`` in the tool's own words, as far as they have one reading."""
    found = {name: value for name, value in values.items() if name not in _SAID_ANYWAY}
    action = found.get("action")
    if not isinstance(action, str):
        return found
    words = action.strip().lower().replace("_", "-").replace("git-", "", 1).removeprefix("git ").split()
    head, step = (words[0], words[1]) if len(words) == 2 else ("-".join(words), "")
    for action_with_steps in _WITH_STEPS:
        if head.startswith(f"{action_with_steps}-") and not step:
            head, step = action_with_steps, head.removeprefix(f"{action_with_steps}-")
    if step and (head not in _WITH_STEPS or step.startswith("-") or found.get("name")):
        return found
    found["action"] = head = _ACTIONS.get(head, head)
    if head in ("checkout", "switch", "merge", "rebase") and not found.get("ref") and "branch" in found:
        created = _said(found, "create", "new", "b")
        found["name" if created else "ref"] = found.pop("branch")
    for name in _NAMES:
        if name in found and not found.get("name") and isinstance(found[name], str):
            found["name"] = found.pop(name).lstrip("-")
    for name in _STEPS:
        if _said(found, name):
            step = name
    if head == "unstage":
        found["action"], step = "restore", "staged"
    elif _said(found, "staged", "cached"):
        step = "cached" if head == "rm" else "staged"
    if head == "commit" and _said(found, "amend"):
        found["action"] = "amend"
    if head == "checkout":
        found["action"] = "restore" if found.get("paths") and not found.get("name") else "switch"
    if step and not found.get("name"):
        found["name"] = step
    return found


def _said(found: JsonObject, *names: str) -> bool:
    """Whether one of the flags is set; takes them out of ``found``."""
    values = [found.pop(name) for name in names if isinstance(found.get(name), bool)]
    return any(values)
