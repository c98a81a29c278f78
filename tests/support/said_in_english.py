"""Finds in the sources what the program says to people: the literals, and whole sentences as examples."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Set
from dataclasses import dataclass
from pathlib import Path

import seedsmith

SPEAKING = {
    "say": 0,
    "tell": 0,
    "as_told": 0,
    "_line": 0,
    "_status": 0,
    "_wait": 0,
    "NoticeGiven": 1,
    "Notice": 1,
    "Retrying": 1,
    "Ending": 1,
    "Finding": 2,
    "LeftOut": 2,
    "ManifestError": 1,
    "Misplaced": 1,
    "leave": 0,
    "pause": 0,
    "fail": 3,
}
"""Functions by whose arguments something is said, and the first argument that is."""
KEYWORDS = {
    "LoopResult": "reason",
    "ToolResult": "summary",
    "Sides": "fault",
    "ItemResult": "message",
    "PlannedItem": "problem",
    "TestResult": "why_skipped",
}
_AT = {"ToolResult": 3, "ItemResult": 2, "PlannedItem": 2}
"""Where that value stands among those without a name."""
_TWO = frozenset({"Finding", "leave"})
"""Functions of whose arguments two are said."""
"""Classes by one of whose named values something is said, and the value's name."""
ENGLISH = re.compile(
    r"agent/tasks/demo_repository/|agent/repair/injected/|agent/tasks/batch/cluster/(node|task|remote_gate)"
    r"|agent/frontends/(telemetry/|mcp_)|agent/cli/mcp_serve|agent/conversation\.py"
    r"|skills/(library/|template)|sandbox/commands/(background|command)\.py"
    r"|sandbox/git/(git|remote|repository)\.py"
    r"|sandbox/workspace/(block_rewrite|protected|spill)\.py"
)
"""What speaks to programs alone, or to the model: in English."""
ERRORS = frozenset(
    {
        "AgentError",
        "ModelError",
        "SandboxError",
        "SkillError",
        "ImageError",
        "BudgetExhausted",
        "_GaveUp",
        "FailedTry",
    }
)
"""Errors that are one sentence for people at the edge, as are those derived from them."""
WRONG_VALUES = frozenset(
    {
        "agent/settings/validators.py",
        "agent/settings/skill_settings.py",
        "agent/tasks/batch/task_file.py",
        "skills/manifest.py",
        "tools/mcp/servers.py",
    }
)
"""Files whose ValueErrors end a sentence for people."""
_WORDS = re.compile(r"[A-Za-z']{2,} [a-z']{2,}")
_WORD = re.compile(r"[a-z]{3,}")
_COMMAND = re.compile(r"\bgit |&&|^/|stash@|^seedsmith [a-z ]+ $")
"""A piece of a command or a path: it is the same in any language."""
_DEPTH = 4
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Said:
    """One literal that is said."""

    place: str
    text: str
    """A piece of a literal between its places."""
    example: str
    """The whole literal with figures in its places; '' where it is not said by itself."""


def all_said() -> Iterator[Said]:
    """What is said anywhere but where English stays."""
    package = Path(seedsmith.__file__).parent
    sources = {
        f"{floor}/{file.relative_to(package / floor)}": file.read_text()
        for floor in ("agent", "skills", "tools", "sandbox")
        for file in sorted((package / floor).rglob("*.py"))
    }
    errors = _derived("".join(sources.values()))
    speaking = re.compile(rf"\b({'|'.join((*SPEAKING, *KEYWORDS, *errors, 'append', 'ValueError'))})\(")
    for name, source in sources.items():
        if not ENGLISH.match(name) and speaking.search(source):
            yield from _Source(name, ast.parse(source), errors).said()


def printed() -> Iterator[str]:
    """Places of the command line where prose is printed that nobody puts into the person's language."""
    for file in sorted((Path(seedsmith.__file__).parent / "agent/cli").glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and _called(node) in ("print", "echo"):
                if any(map(_WORDS.search, _plain(node))):
                    yield f"agent/cli/{file.name}:{node.lineno}"


def _plain(node: ast.AST) -> Iterator[str]:
    """The literals in ``node``, but for what stands in calls of other functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Constant) and isinstance(child.value, str):
            yield child.value
        elif not isinstance(child, ast.Call):
            yield from _plain(child)


def _derived(source: str) -> set[str]:
    """The names of :data:`ERRORS` and of what derives from them."""
    classes = re.findall(r"^class (\w+)\((\w+)", source, re.MULTILINE)
    found, before = set(ERRORS), 0
    while len(found) > before:
        before = len(found)
        found |= {name for name, base in classes if base in found}
    return found


class _Source:
    def __init__(self, name: str, tree: ast.Module, errors: Set[str]) -> None:
        self._name = name
        self._errors = errors
        self._above: dict[ast.AST, ast.AST] = {}
        self._calls: list[ast.Call] = []
        self._functions: dict[str, ast.AST] = {}
        self._given: dict[tuple[ast.AST | None, str], list[ast.expr]] = {}
        waiting: list[ast.AST] = [tree]
        while waiting:
            node = waiting.pop()
            if isinstance(node, ast.Call):
                self._calls.append(node)
            elif isinstance(node, _FUNCTIONS):
                self._functions[node.name] = node
            elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
                self._note(node)
            for child in ast.iter_child_nodes(node):
                self._above[child] = node
                waiting.append(child)

    def _note(self, node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> None:
        """Keep what a name is given."""
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if isinstance(target, ast.Name) and node.value is not None:
                self._given.setdefault((self._scope(node), target.id), []).append(node.value)

    def _scope(self, node: ast.AST) -> ast.AST | None:
        """The function that ``node`` stands in; None for the module."""
        above = self._above.get(node)
        return above if above is None or isinstance(above, _FUNCTIONS) else self._scope(above)

    def said(self) -> Iterator[Said]:
        for call in self._calls:
            for argument in self._arguments(call):
                for text in self._literals(argument, _DEPTH, set()):
                    yield Said(f"{self._name}:{argument.lineno}", text, _example(argument))

    def _literals(self, node: ast.AST, depth: int, seen: set[ast.AST]) -> Iterator[str]:
        """The pieces of prose in an expression, and in what it names in its own file."""
        if node in seen or depth < 0:
            return
        seen.add(node)
        if isinstance(node, ast.JoinedStr):
            for part in node.values:
                if isinstance(part, ast.Constant):
                    if _WORD.search(str(part.value)) and not _COMMAND.search(str(part.value)):
                        yield str(part.value)
                else:
                    yield from self._literals(part, depth, seen)
            return
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str) and _WORDS.search(node.value):
                yield node.value
            return
        if isinstance(node, ast.Name):
            constant = self._given.get((None, node.id), []) if node.id.isupper() else []
            for given in self._given.get((self._scope(node), node.id), constant):
                yield from self._literals(given, depth - 1, seen)
            return
        if isinstance(node, ast.Call):
            called = node.func
            name = called.id if isinstance(called, ast.Name) else _own_method(called)
            if (function := self._functions.get(name)) is not None:
                for each in ast.walk(function):
                    if isinstance(each, ast.Return | ast.Yield) and each.value is not None:
                        yield from self._literals(each.value, depth - 1, seen)
                return
        for child in ast.iter_child_nodes(node):
            yield from self._literals(child, depth, seen)

    def _arguments(self, node: ast.Call) -> list[ast.expr]:
        """The expressions that are said by ``node``; but for results, the model is told what tools say."""
        name = _called(node)
        if self._name.startswith("tools/") and name not in ("ToolResult", "ImageError"):
            return []
        if name in KEYWORDS:
            by_place = node.args[_AT[name] : _AT[name] + 1] if name in _AT else []
            return [*by_place, *(each.value for each in node.keywords if each.arg == KEYWORDS[name])]
        if name == "append" and ast.unparse(node.func).endswith(("notices.append", "failures.append")):
            return node.args
        if name == "Unreachable":
            return [
                *node.args[:1],
                *node.args[2:3],
                *(each.value for each in node.keywords if each.arg == "advice"),
            ]
        wrong_value = name == "ValueError" and self._name in WRONG_VALUES
        if name in self._errors or wrong_value:
            return node.args[:1]
        if name == "leave" and not self._name.startswith("agent/settings/imports/"):
            return []
        if (first := SPEAKING.get(name)) is not None:
            return node.args[first : first + (2 if name in _TWO else 1)]
        return []


def _own_method(called: ast.expr) -> str:
    """The name behind ``self.``; '' for another object's."""
    own = (
        isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id == "self"
    )
    return called.attr if own else ""  # type: ignore[attr-defined]


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _example(node: ast.expr) -> str:
    """A literal with a figure in each of its places; '' for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if not isinstance(node, ast.JoinedStr):
        return ""
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in node.values)
