"""The rules of the user, and of the repository, which can only narrow: how they are written and read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from seedsmith.agent.settings.permissions.decision import covers_example
from seedsmith.agent.settings.permissions.rules import KINDS, Rule, Ruled

_WRITTEN = re.compile(r"([A-Za-z_][\w-]*)(?:\((.+)\))?", re.DOTALL)
_KEYS = frozenset({"allow", "ask", "deny", "match", "not_match", "because", "of"})
REPOSITORY = "repository"
MOST_RULES = 500
MOST_LETTERS = 1_000


class RuleError(ValueError):
    """A rule that can't be used; the message goes on a sentence that begins with "it"."""


def read_rules(entries: Sequence[Mapping[str, Any]] | None) -> tuple[Rule, ...]:
    """The rules of ``entries``, as the configuration has them, each held to its examples.

    Raises :class:`RuleError` for what is none, and for an example that comes out otherwise.
    """
    rules: list[Rule] = []
    for number, entry in enumerate(entries or (), 1):
        try:
            read = _read_entry(entry)
            for rule in read:
                _hold_to_examples(rule, entry)
        except RuleError as error:
            raise RuleError(f"is wrong in entry {number}: {error}") from None
        rules += read
    if len(rules) > MOST_RULES:
        raise RuleError(f"holds more than {MOST_RULES} rules")
    return tuple(rules)


def _read_entry(entry: Mapping[str, Any]) -> list[Rule]:
    if unknown := set(entry) - _KEYS:
        raise RuleError(f"{sorted(unknown)[0]!r} is no key of it: it has {', '.join(sorted(_KEYS - {'of'}))}")
    says = [each for each in Ruled if each.value in entry]
    if len(says) != 1:
        raise RuleError("it must have one of deny, ask and allow")
    of, because = entry.get("of", ""), entry.get("because", "")
    if of not in ("", REPOSITORY) or not isinstance(because, str):
        raise RuleError("'because' must be a text")
    if of and says[0] is Ruled.ALLOW:
        raise RuleError("a repository can only deny and ask")
    written = texts(entry, says[0].value)
    if not written:
        raise RuleError(f"{says[0].value!r} is empty")
    return [_read_rule(each, says[0], because.strip(), of) for each in written]


def _read_rule(written: str, says: Ruled, because: str, of: str) -> Rule:
    match = _WRITTEN.fullmatch(written.strip())
    if match is None or len(written) > MOST_LETTERS:
        raise RuleError(f"{written[:80]!r} is no rule: write TOOL or shell(…), write(…), mcp(…)")
    tool, pattern = match[1], (match[2] or "").strip()
    if match[2] is not None and tool not in KINDS:
        more = ": write(…) is for every tool that changes files" if tool in ("edit", "patch") else ""
        raise RuleError(f"{tool} takes no pattern, only {', '.join(KINDS)} do{more}")
    if match[2] is not None and not pattern:
        raise RuleError(f"{written!r} has an empty pattern; {tool} alone is the whole tool")
    if tool == "mcp" and pattern and ":" not in pattern and pattern != "*":
        raise RuleError(f"{written!r} must name SERVER:TOOL")
    return Rule(says, tool, pattern, because, of)


def _hold_to_examples(rule: Rule, entry: Mapping[str, Any]) -> None:
    """Raise :class:`RuleError` where an example of the entry comes out otherwise than it says."""
    for key, wanted in (("match", True), ("not_match", False)):
        for example in texts(entry, key):
            if rule.tool not in KINDS:
                raise RuleError(f"{rule.written} takes no examples: it is of the whole tool")
            if covers_example(rule, example) is not wanted:
                verb = "does not cover" if wanted else "covers"
                raise RuleError(f"{rule.written} {verb} its example {example!r} under {key!r}")


def texts(entry: Mapping[str, Any], key: str) -> list[str]:
    """The one text or several under ``key``; raises :class:`RuleError` for anything else."""
    given = entry.get(key, [])
    listed = [given] if isinstance(given, str) else given
    if not isinstance(listed, list | tuple) or not all(
        isinstance(each, str) and each.strip() for each in listed
    ):
        raise RuleError(f"{key!r} must be a text or a list of texts")
    return list(listed)
