"""What the git tool can be asked, and which parameter goes with which action."""

from __future__ import annotations

import re
from typing import Any, Literal, get_args

from pydantic import Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from seedsmith.tools.base import JsonObject
from seedsmith.tools.git.lenient_arguments import as_written
from seedsmith.tools.pydantic_tool import ArgumentText, Parameters

Action = Literal[
    "status",
    "diff",
    "log",
    "show",
    "blame",
    "add",
    "commit",
    "branch",
    "switch",
    "stash",
    "restore",
    "amend",
    "merge",
    "rebase",
    "cherry-pick",
    "revert",
    "reset",
    "tag",
    "rm",
    "mv",
    "clean",
    "bisect",
    "worktree",
    "conflicts",
    "fetch",
    "push",
]
_STEPS = ("continue", "skip", "abort")
_NAMES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("merge", "rebase", "cherry-pick", "revert"), _STEPS),
    "reset": ("soft", "mixed"),
    "bisect": ("start", "good", "bad", "skip", "run", "reset", "log"),
    "worktree": ("add", "remove"),
    "clean": ("delete",),
    "rm": ("cached",),
}
"""What ``name`` may say where it says how."""
_BY_SHELL = frozenset(
    {
        *("rev-parse", "ls-files", "ls-tree", "remote", "config", "describe", "reflog", "shortlog", "grep"),
        *("cat-file", "merge-base", "rev-list", "for-each-ref", "name-rev", "check-ignore", "ls-remote"),
    }
)
"""What reads alone, and git does as well within a command."""
_DEFAULT_COMMITS = 20
_MOST_COMMITS = 2_000
_LINES = re.compile(r"([0-9]{1,9})(?:\s*(?:,|-|:|\.\.)\s*([0-9]{1,9}))?", re.ASCII)
_ALWAYS_CHANGES = frozenset(
    ("fetch", "push", "amend", "merge", "rebase", "cherry-pick", "revert", "reset", "rm", "mv")
)
STAGED = "staged"
STASH_VERBS = ("push", "list", "show", "pop", "apply", "drop")
_MAY_BE_EMPTY = ("ref", "name", "message")
_STASH_REF = re.compile(r"(?:stash@\{)?([0-9]{1,6})\}?")

_TAKES: dict[str, tuple[str, ...]] = {
    "status": ("paths",),
    "diff": ("ref", "paths", "name", "all", "patch"),
    "log": ("ref", "paths", "all", "patch", "limit"),
    "show": ("ref", "paths", "patch"),
    "blame": ("ref", "paths", "lines"),
    "add": ("paths", "all"),
    "commit": ("message", "paths", "all"),
    "branch": ("name", "ref", "all"),
    "switch": ("ref", "name"),
    "stash": ("name", "ref", "message", "paths", "all"),
    "restore": ("paths", "all", "ref", "name"),
    "amend": ("message", "paths", "all"),
    **dict.fromkeys(("merge", "rebase", "cherry-pick", "revert", "reset"), ("ref", "name")),
    "tag": ("name", "ref", "message"),
    "rm": ("paths", "name"),
    "mv": ("paths",),
    "clean": ("paths", "name"),
    "bisect": ("name", "ref", "message"),
    "worktree": ("name", "paths", "ref"),
    "conflicts": ("paths",),
    **dict.fromkeys(("fetch", "push"), ("name", "ref")),
}


class GitParameters(Parameters):
    """One action and what it applies to."""

    action: Action
    ref: ArgumentText | None = Field(
        None, max_length=1_000, description="Commit, branch, a..b, REV:path, stash@{n}."
    )
    paths: list[ArgumentText] = Field([], max_length=500)
    message: ArgumentText | None = Field(None, max_length=20_000)
    name: ArgumentText | None = Field(
        None,
        max_length=250,
        description="New branch or tag; or a step: staged (diff), pop (stash), continue, abort, "
        "soft (reset), delete (clean), cached (rm), add (worktree), run (bisect good..bad, message: command)",
    )
    all: bool = Field(
        False,
        description="add, commit, restore: all; diff: since HEAD; log, branch: remotes too; stash: untracked "
        "too.",
    )
    patch: bool | None = Field(None, description="log: with patches; false in diff, show: figures only.")
    limit: int | None = Field(None, ge=1, le=_MOST_COMMITS, description=f"log: default {_DEFAULT_COMMITS}.")
    lines: ArgumentText | None = Field(None, description="blame: e.g. 10,40")
    under_way: SkipJsonSchema[bool] = False
    """Whether the step in ``name`` is of what is under way, whatever ``action`` says."""

    @classmethod
    def prepare(cls, values: JsonObject, notes: list[str]) -> JsonObject:
        """Take git's own words for an action, its flags, and a range of lines in any form."""
        found = as_written(values)
        if isinstance(action := found.get("action"), str) and action not in get_args(Action):
            word = action.strip().removeprefix("git ").partition(" ")[0].lower()
            if word in _BY_SHELL:
                raise ValueError(f"there is no action '{word}': run it by shell, git {word} …")
        if isinstance(lines := found.get("lines"), list) and len(lines) == 2:
            found["lines"] = ",".join(map(str, lines))
        return found

    @property
    def changes(self) -> bool:
        """Whether it changes git's state or the working tree."""
        if self.action == "stash":
            return self.verb not in ("list", "show")
        return (
            self.action in ("add", "commit", "switch", "restore")
            or (self.action in ("branch", "tag", "worktree", "clean") and self.name is not None)
            or self.action in _ALWAYS_CHANGES
            or (self.action == "bisect" and self.name not in (None, "log"))
        )

    @property
    def most_commits(self) -> int:
        """How many commits a log shows."""
        return self.limit or _DEFAULT_COMMITS

    @property
    def line_range(self) -> str:
        """The lines asked for, as git's option has them; empty for all."""
        match = _LINES.fullmatch((self.lines or "").strip())
        return f"-L{match[1]},{match[2] or match[1]}" if match else ""

    @property
    def verb(self) -> str:
        """What a stash call does."""
        return self.name or "push"

    @property
    def stash(self) -> str:
        """The stash entry meant, as git spells it."""
        match = _STASH_REF.fullmatch(self.ref or "0")
        return f"stash@{{{match[1]}}}" if match else ""

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, values: Any) -> Any:
        """Take an empty ``ref``, ``name`` or ``message`` as left out: models fill in all they know."""
        if not isinstance(values, dict):
            return values
        return {name: value for name, value in values.items() if value != "" or name not in _MAY_BE_EMPTY}

    @model_validator(mode="after")
    def _fits_the_action(self) -> GitParameters:
        """Refuse what the action has no use for, and what could be taken for an option."""
        given = [name for name in type(self).model_fields if getattr(self, name) not in (None, False, [])]
        takes = _TAKES[self.action]
        if unfit := [f"'{name}'" for name in given if name not in ("action", "under_way", *takes)]:
            raise ValueError(f"action '{self.action}' takes no {' or '.join(unfit)}, but {', '.join(takes)}")
        for name in ("ref", "name"):
            value = getattr(self, name)
            if value is not None and (not value.strip() or value.startswith("-")):
                raise ValueError(f"'{name}' must not be empty nor begin with '-', got {value!r}")
        if any(not path for path in self.paths):
            raise ValueError("'paths' holds an empty path")
        if self.message is not None and not self.message.strip():
            raise ValueError("'message' is empty")
        if fault := self._fault():
            raise ValueError(fault)
        return self

    def _fault(self) -> str:
        """What is missing from a call, or contradicts itself."""
        action, everything = self.action, self.all
        if action == "blame" and len(self.paths) != 1:
            return "action 'blame' needs exactly one file in 'paths'"
        if action in ("add", "restore") and not self.paths and not everything:
            return f"action '{action}' needs 'paths', or all: true"
        if action in ("add", "commit", "restore") and self.paths and everything:
            return "give either 'paths' or all: true, not both"
        if action == "switch" and not self.ref and not self.name:
            return "action 'switch' needs 'ref', an existing branch or commit, or 'name', a new branch"
        if action == "branch" and self.ref and not self.name:
            return "'ref' is where the new branch 'name' begins, and 'name' is missing"
        if action in ("diff", "restore") and self.name not in (None, STAGED):
            return f"'name' must be '{STAGED}' or left out, got {self.name!r}"
        if self.lines is not None and not self.line_range:
            return f"'lines' must be FIRST,LAST, got {self.lines!r}"
        if fault := self._everyday_fault():
            return fault
        if action == "diff" and everything and (self.ref or self.name):
            return "all: true compares with HEAD: leave out 'ref' and 'name'"
        return self._stash_fault() if action == "stash" else ""

    def _everyday_fault(self) -> str:
        """The same for the actions in :mod:`history_actions` and :mod:`file_actions`."""
        action, name = self.action, self.name
        if action == "reset" and name == "hard":
            return "reset --hard would lose work that nothing keeps: use stash, or restore with 'paths'"
        if action in _NAMES and name is not None and name not in _NAMES[action]:
            return f"'name' must be one of {', '.join(_NAMES[action])} or left out, got {name!r}"
        if action in ("merge", "rebase", "cherry-pick", "revert") and (self.ref is None) == (name is None):
            return f"action '{action}' needs 'ref', or 'name': continue, skip or abort"
        if action == "mv" and len(self.paths) < 2:
            return "action 'mv' needs 'paths': what to move, then where to"
        if (action == "rm" or name == "delete") and not self.paths:
            return f"action '{action}' needs 'paths' here"
        if action == "worktree" and name is not None and len(self.paths) != 1:
            return "action 'worktree' needs one folder in 'paths'"
        if action == "bisect" and name == "run" and not self.message:
            return "bisect run needs 'message', the command that fails where the fault is"
        return ""

    def _stash_fault(self) -> str:
        verb = self.verb
        if verb not in STASH_VERBS:
            return f"'name' must be one of {', '.join(STASH_VERBS)}, got {verb!r}"
        if verb in ("push", "list") and self.ref:
            return f"stash {verb} takes no 'ref'"
        if verb != "push" and (self.message or self.paths or self.all):
            return f"stash {verb} takes no 'message', 'paths' or 'all'"
        return "" if self.stash else f"'ref' must be stash@{{n}}, got {self.ref!r}"
