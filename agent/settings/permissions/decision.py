"""What the rules say of a call: deny wins, then ask, then allow.

A command of the shell is judged by its parts. One that a rule denies is denied; what only may be covered, or
can't be told, is asked about; allowed is what has all its parts allowed.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Literal

from seedsmith.agent.settings.permissions.call import RuledCall
from seedsmith.agent.settings.permissions.patterns import GAP, UNKNOWN, holds, may_hold
from seedsmith.agent.settings.permissions.rules import Rule, Ruled
from seedsmith.agent.settings.permissions.shell_parser import Part, Parts, split
from seedsmith.sandbox.lazy_dataclass import dataclass

Kind = Literal["tool", "shell", "write", "mcp"]
_SHOWN = 120
_LETTERS = re.compile(r"-[A-Za-z]+")
_MOST_LETTERS = 4


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that rules are asked about."""

    kind: Kind
    texts: tuple[str, ...]
    """What a rule that forbids may cover: the thing as it is written, first, and as it may be meant."""
    shown: str
    listed: bool = True
    """Whether it needs to be allowed where calls of its kind are."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the rules say; ``says`` is None where they say nothing."""

    says: Ruled | None = None
    why: str = ""
    """A clause: which rule, about what; '' where the call is allowed or nothing is said."""
    paths: frozenset[str] = frozenset()
    """The files it is asked for, where the call does nothing but write files."""
    literal: bool = False
    """Whether each file is allowed by its own name, without a star."""


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All rules of a session."""

    rules: tuple[Rule, ...] = ()
    workspace: str = ""
    """The root of the workspace, by which the paths of redirections are told."""

    def judge(self, call: RuledCall) -> Ruling:
        """What the rules say of ``call``."""
        if not self.rules:
            return Ruling()
        parts = self._split(call)
        targets = list(self._targets(call, parts))
        for says, sure in ((Ruled.DENY, True), (Ruled.ASK, True), (Ruled.DENY, False), (Ruled.ASK, False)):
            for rule in self._of(says):
                covered = next((target for target in targets if _covers(rule, target, sure=sure)), None)
                if covered is not None:
                    return Ruling(rule.says if sure else Ruled.ASK, _why(rule, covered, sure), _files(call))
        if parts is not None and parts.unclear and self._depends_on_parts():
            return Ruling(Ruled.ASK, f"what the command does can't be told: {parts.unclear}")
        return self._listed(call, targets)

    def _split(self, call: RuledCall) -> Parts | None:
        """The parts of the call's command, where any rule speaks of them."""
        if call.command is None or not any(rule.tool in ("shell", "write") for rule in self.rules):
            return None
        return split(call.command)

    def _of(self, says: Ruled) -> list[Rule]:
        return [rule for rule in self.rules if rule.says is says]

    def _depends_on_parts(self) -> bool:
        """Whether what is in a command matters: not where all the shell is allowed and nothing else said."""
        rules = [rule for rule in self.rules if rule.tool in ("shell", "write")]
        whole = any(rule.says is Ruled.ALLOW and rule.tool == "shell" and not rule.pattern for rule in rules)
        return any(rule.says is not Ruled.ALLOW or not whole for rule in rules)

    def _targets(self, call: RuledCall, parts: Parts | None) -> Iterator[Target]:
        yield Target("tool", (call.tool,), call.tool, listed=False)
        for part in parts.parts if parts is not None else ():
            if part.path is None:
                shown = part.shown[:_SHOWN]
                yield Target("shell", tuple(_meanings(part)), shown, not (part.stands_for or part.possible))
            else:
                path = _place(part.path, self.workspace, moved=parts is not None and parts.moves)
                yield Target("write", (path,), part.shown[:_SHOWN], not part.possible)
        if call.words:
            yield Target("shell", (GAP.join(call.words),), " ".join(call.words)[:_SHOWN], listed=False)
        for path in sorted(call.writes):
            yield Target("write", (path,), path)
        if call.server or call.offered:
            named = f"{call.server}:{call.offered}"
            yield Target("mcp", (named,), named)

    def _listed(self, call: RuledCall, targets: Sequence[Target]) -> Ruling:
        """Whether the call is among those that are allowed, where a rule allows any of its kind."""
        allowing = self._of(Ruled.ALLOW)
        if any(rule.tool == call.tool and not rule.pattern for rule in allowing):
            return Ruling(Ruled.ALLOW)
        kinds = {rule.tool for rule in allowing}
        if call.tool == "shell" and "shell" in kinds:
            kinds.add("write")  # a redirection is a part like any other
        asked = [target for target in targets if target.listed and target.kind in kinds]
        literal = bool(asked)
        for target in asked:
            by = [rule for rule in allowing if _covers(rule, target, sure=True)]
            if not by:
                return Ruling(Ruled.ASK, f"no rule allows {target.shown}", _files(call))
            literal = literal and any(rule.pattern and "*" not in rule.pattern for rule in by)
        whole = asked and (call.command is None or "shell" in kinds)
        return Ruling(Ruled.ALLOW, literal=literal) if whole else Ruling()


def covers_example(rule: Rule, example: str) -> bool:
    """Whether ``rule`` covers a command, a path or ``SERVER:TOOL``, as the examples of rules are written."""
    if rule.tool == "shell":
        call = RuledCall("shell", command=example)
    elif rule.tool == "write":
        call = RuledCall("write", writes=frozenset({posixpath.normpath(example)}))
    else:
        server, _, offered = example.partition(":")
        call = RuledCall("mcp", server=server, offered=offered)
    return Rulebook((rule,)).judge(call).says is rule.says


def _why(rule: Rule, covered: Target, sure: bool) -> str:
    whose = f" of the {rule.of}" if rule.of else ""
    why = f"the rule {rule.written}{whose} {'covers' if sure else 'could cover'} {covered.shown}"
    return f"{why}: {rule.because.rstrip('.')}" if rule.because else why


def _files(call: RuledCall) -> frozenset[str]:
    """All files that the call is asked about; none of a command, which does more than write."""
    return call.writes if call.command is None else frozenset()


def _covers(rule: Rule, target: Target, *, sure: bool) -> bool:
    if not rule.pattern:
        return (target.kind == "tool" and rule.tool == target.shown) or rule.tool == target.kind == "write"
    if rule.tool != target.kind:
        return False
    texts = target.texts[:1] if rule.says is Ruled.ALLOW else target.texts
    match = holds if sure else may_hold
    return any(match(rule.patterns, text) for text in texts)


def _meanings(part: Part) -> Iterator[str]:
    """A command as it is written, then all it may come to: what a rule that forbids is held against."""
    yield GAP.join(part.words)
    starts = [part.program, *(range(part.guess_from, len(part.words)) if part.guess_from else ())]
    for start in starts:
        words = part.words[start:]
        if not words:
            continue
        named = (words[0].rpartition("/")[2], *words[1:])
        yield GAP.join(words)
        yield GAP.join(named)
        if start == part.program and len(words) > 2 and words[1].startswith("-"):
            for after in range(2, min(len(words), 12)):  # options before a subcommand, with values or without
                yield GAP.join((named[0], *words[after:]))
        if start == part.program:
            for options, after in _other_options(words):
                yield GAP.join((named[0], *options, *words[after:]))


def _other_options(words: Sequence[str]) -> Iterator[tuple[tuple[str, ...], int]]:
    """The other ways to write the options of one letter behind a program, ``-rf`` as ``-f -r``.

    With each comes the place of the first word behind them.
    """
    after = next((at for at, word in enumerate(words) if at and not _LETTERS.fullmatch(word)), len(words))
    letters = "".join(word[1:] for word in words[1:after])
    if 1 < len(letters) <= _MOST_LETTERS:
        for order in permutations(letters):
            yield (f"-{''.join(order)}",), after
            yield tuple(f"-{letter}" for letter in order), after


def _place(path: str, workspace: str, *, moved: bool) -> str:
    """A path as rules have it: relative to the workspace where it lies in it."""
    if not path.startswith(("/", "~", UNKNOWN)):
        if moved:
            return f"{UNKNOWN}/{path}"
        return path if UNKNOWN in path else posixpath.normpath(path)
    clean = path if UNKNOWN in path else posixpath.normpath(path)
    return clean.removeprefix(f"{workspace}/") if workspace else clean
