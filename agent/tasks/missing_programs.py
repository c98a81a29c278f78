"""Which program a test command would call in vain, told by the files alone; nothing is run."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import field
from pathlib import Path

from seedsmith.sandbox.isolation.named_programs import words_of
from seedsmith.sandbox.lazy_dataclass import dataclass

MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
_MOST_BYTES = 256 << 10
_DEEPEST = 5
_SETTING = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)
_RULE = re.compile(r"(?P<targets>[^\s:#=][^:#=]*?)\s*::?(?!=)(?P<needs>[^;=]*)(?:;.*)?$")
_ASSIGNED = re.compile(r"(?:export\s+)?(?P<name>\w+)\s*(?:\?|::?)?=\s*(?P<value>.*)$")
_VARIABLE = re.compile(r"\$[({](\w+)[)}]")
_BUILT_IN = frozenset({"cd", "export", "set", "unset", "echo", "printf", "true", "false", ":", "test", "["})
_UNCLEAR = frozenset({"if", "for", "while", "until", "case", "!", ".", "source", "command", "eval", "exec"})
"""Behind these, what is called depends on more than the words."""


def missing_program(command: str, workspace: Path) -> str:
    """The first program that ``command`` calls and PATH does not hold; '' where none is seen to be missing.

    Of ``make`` the recipes of its targets are read, too. What can't be told from the words counts as there.
    """
    words = words_of(command)
    if name := _absent(words):
        return name
    while words and _SETTING.fullmatch(words[0]):
        del words[0]
    if words[:1] != ["make"] or not all(re.fullmatch(r"[\w.-]+", word) for word in words):
        return ""
    if any(word.startswith("-") for word in words):
        return ""
    lines = _read_makefile(workspace).recipes(words[1:])
    return next((name for line in lines if (name := _absent(words_of(line)))), "")


def _absent(words: list[str]) -> str:
    """The first of the simple commands' programs that is not there; '' from where that is unclear."""
    at_start = "||" not in words
    for word in words:
        if word in ("&&", ";"):
            at_start = True
        elif at_start and not _SETTING.fullmatch(word):
            if word in _UNCLEAR or not re.fullmatch(r"[\w.+-]+|\[|:", word):
                return ""
            if word not in _BUILT_IN and shutil.which(word) is None:
                return word
            at_start = False
        elif re.fullmatch(r"[|&;()<>]+", word) and word[0] not in "<>":
            return ""
    return ""


@dataclass(slots=True)
class _Makefile:
    """A makefile's rules, as far as they are plain."""

    rules: dict[str, tuple[list[str], list[str]]] = field(default_factory=dict)
    """By target: what it needs, and its recipe's lines."""
    variables: dict[str, str] = field(default_factory=dict)

    def recipes(self, targets: list[str]) -> Iterator[str]:
        """The lines that are run for ``targets``, the variables in them replaced."""
        if "PATH" in self.variables:
            return
        done: set[str] = set()
        waiting = list(targets)
        while waiting:
            target = waiting.pop(0)
            if target in done or target not in self.rules:
                continue
            done.add(target)
            needs, lines = self.rules[target]
            waiting += needs
            for line in lines:
                how = line[: len(line) - len(line.lstrip("@+- \t"))]
                if "-" not in how:
                    yield self._expanded(line[len(how) :])

    def _expanded(self, line: str) -> str:
        for _ in range(_DEEPEST):
            line = _VARIABLE.sub(lambda found: self.variables.get(found[1], found[0]), line)
        return line


def _read_makefile(workspace: Path) -> _Makefile:
    read = _Makefile()
    path = next((path for name in MAKEFILES if (path := workspace / name).is_file()), None)
    if path is None:
        return read
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return read
    lines: list[str] = []
    for line in text.replace("\\\n", " ").splitlines():
        if line.startswith("\t"):
            lines.append(line.strip())
        elif assigned := _ASSIGNED.match(line):
            read.variables[assigned["name"]] = assigned["value"].partition(" #")[0].strip()
        elif rule := _RULE.match(line):
            lines = []
            for target in rule["targets"].split():
                needs, known = read.rules.get(target, ([], lines))
                read.rules[target] = (needs + rule["needs"].split(), known or lines)
    return read
