"""Commands that variables and settings of git name: whoever reads them runs what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from seedsmith.agent.settings.permissions.patterns import UNKNOWN
from seedsmith.agent.settings.permissions.shell_words import Unclear

_VARIABLE = re.compile(
    r"(GIT_\w+|\w*(?:PAGER|EDITOR|COMMAND|ASKPASS|BROWSER|_CMD|_WRAPPER)|VISUAL|BASH_ENV|ENV|SHELL)=(.+)",
    re.DOTALL,
)
_KEPT_VALUE = "GIT_CONFIG_VALUE_"
_SETTING = re.compile(r"([A-Za-z][\w-]*\.[^=\s]*)")
_NO_COMMANDS = ("user.", "author.", "committer.")
_LETTER = re.compile(r"[A-Za-z]")
_VERBS = frozenset({"set", "add", "replace-all"})


def named_commands(assignments: Sequence[str], words: Sequence[str] = ()) -> tuple[str, ...]:
    """The texts that may be run besides a command of these ``words`` with these variables set.

    Raises :class:`Unclear` where an alias of git is known to the shell alone.
    """
    found: list[str] = []
    for assignment in assignments:
        if match := _VARIABLE.fullmatch(assignment):
            found += _as_alias(match[2]) if match[1].startswith(_KEPT_VALUE) else [match[2]]
    if words and words[0].rpartition("/")[2] == "git":
        for name, value in _settings(words[1:]):
            found += _named_by(name, value)
    return tuple(text for text in found if _LETTER.search(text))


def _settings(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The settings that git is given for once, and the one that it is to keep."""
    for option, word in pairwise(words):
        if option == "-c":
            name, _, value = word.partition("=")
            yield name, value
    if "config" in words:
        kept = [word for word in words[words.index("config") + 1 :] if not word.startswith("-")]
        kept = kept[1:] if kept and kept[0] in _VERBS else kept
        if len(kept) > 1:
            yield kept[0], kept[1]


def _named_by(name: str, value: str) -> list[str]:
    if not _SETTING.fullmatch(name) or name.casefold().startswith(_NO_COMMANDS):
        return []
    if not name.casefold().startswith("alias."):
        return [value.removeprefix("!")]
    if UNKNOWN in value:
        raise Unclear("what an alias of git runs is known to the shell alone")
    return _as_alias(value)


def _as_alias(value: str) -> list[str]:
    """What an alias of git runs: the shell's words behind ``!``, else git's own."""
    return [value[1:]] if value.startswith("!") else [f"git {value}"]
