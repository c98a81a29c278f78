"""Calls of git as models write them: git's own words for an action, and its flags as parameters."""

from __future__ import annotations

import re
import shlex

from seedsmith.tools.arguments import to_flag, whole_number
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
_BARE_STEPS = ("continue", "abort", "skip")
_ON_FILES = ("add", "rm", "mv", "restore", "stage", "unstage")
_SHORT = {"-p": "patch", "-a": "all", "-A": "all", "-b": "create", "-c": "create"}
_LAYOUTS = ("format", "pretty")
_SHORT_LAYOUTS = ("oneline", "short", "medium", "%h %s")
_SAID_ANYWAY = ("oneline", "stat", "no_pager", "short", "porcelain", "verbose", "quiet")


def as_written(values: JsonObject) -> JsonObject:
    """Return ``values`` in the tool's own words, as far as they have one reading."""
    found = _spelt_out(_without_manners(values))
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
    if head in _BARE_STEPS and not step:
        of = found.get("name")
        bare = {"action": "merge", "under_way": True} if not of else {"action": of}
        return {**found, **bare, "name": head} if not of or of in _WITH_STEPS else found
    found["action"] = head = _ACTIONS.get(head, head)
    if head in ("checkout", "switch", "merge", "rebase") and not found.get("ref") and "branch" in found:
        created = _said(found, "create", "new", "b")
        found["name" if created else "ref"] = found.pop("branch")
    for name in _NAMES:
        if name in found and not found.get("name") and isinstance(found[name], str):
            found["name"] = found.pop(name).lstrip("-")
    if head == "blame" and "lines" not in found and "start_line" in found:
        found["lines"] = f"{found['start_line']},{found.pop('end_line', found.pop('start_line'))}"
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


def _without_manners(values: JsonObject) -> JsonObject:
    """``values`` without what only says how to show something, a whole command line as the action."""
    found = {name: value for name, value in values.items() if name not in _SAID_ANYWAY}
    for name in _LAYOUTS:
        if str(found.get(name)).strip() in _SHORT_LAYOUTS:
            del found[name]
    if found.get("action") is None and (given := found.get("args")):
        found["action"] = shlex.join(given) if _is_words(given) else given
        del found["args"]
    if "limit" not in found and whole_number(found.get("n")) is not None:
        found["limit"] = found.pop("n")
    if found.get("paths") in (["-A"], ["--all"], "-A", "--all"):
        del found["paths"]
        found["all"] = True
    return found


def _is_words(given: object) -> bool:
    return isinstance(given, list) and all(isinstance(word, str) for word in given)


def _spelt_out(values: JsonObject) -> JsonObject:
    """``values`` with what a command line of git says, in ``action`` or ``args``, as parameters.

    A step given as the reference is one, too. What isn't understood whole stays as it was written.
    """
    action, given = values.get("action"), values.get("args")
    if not isinstance(action, str):
        return values
    try:
        words = shlex.split(action.removeprefix("git "))
        more = shlex.split(given) if isinstance(given, str) else given or []
    except ValueError:
        return values
    if not words or not isinstance(more, list) or not all(isinstance(word, str) for word in more):
        return values
    found = {name: value for name, value in values.items() if name != "args"}
    ref = found.get("ref")
    if isinstance(ref, str) and ref.startswith("--") and ref[2:] in _STEPS:
        more = [*more, found.pop("ref")]
    flagged = next((at for at, word in enumerate(words) if word.startswith("-")), len(words))
    if not more and flagged == len(words):
        return values
    found["action"] = " ".join(words[:flagged])
    return found if _read_words(found, [*words[flagged:], *more]) else values


def _read_words(found: JsonObject, words: list[str]) -> bool:
    """Put the options and operands of a command line into ``found``; whether all were understood."""
    rest, operands = list(words), []
    while rest:
        word = rest.pop(0)
        if word == "--":
            found.setdefault("paths", rest)
            break
        name, _, value = word.partition("=")
        if name in ("-m", "--message") and (value or rest):
            found.setdefault("message", value or rest.pop(0))
        elif match := re.fullmatch(r"-n?([0-9]+)|--max-count=([0-9]+)", word):
            found.setdefault("limit", match[1] or match[2])
        elif word == "-n" and rest:
            found.setdefault("limit", rest.pop(0))
        elif word in _SHORT:
            found.setdefault(_SHORT[word], True)
        elif re.fullmatch(r"--[a-z][a-z-]+", word):
            if (flag := word[2:].replace("-", "_")) not in (*_SAID_ANYWAY, "no_edit"):
                found.setdefault(flag, True)
        elif word.startswith("-"):
            return False
        else:
            operands.append(word)
    if not operands:
        return True
    target = "paths" if found["action"] in _ON_FILES else "ref"
    if target in found or (target == "ref" and len(operands) > 1):
        return False
    found[target] = operands if target == "paths" else operands[0]
    return True


def _said(found: JsonObject, *names: str) -> bool:
    """Whether one of the flags is set; takes them out of ``found``."""
    flags = {name: to_flag(found.get(name)) for name in names}
    values = [flag for name, flag in flags.items() if isinstance(flag, bool) and found.pop(name) is not None]
    return any(values)
