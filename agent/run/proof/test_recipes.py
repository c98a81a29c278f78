"""What decides how tests are run: which module a runner is, and what a recipe or script of that name does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from seedsmith.agent.sessions.proof_sides import OTHERWISE

_RUNNERS = frozenset(
    {
        "pytest",
        "_pytest",
        "pluggy",
        "unittest",
        "nose",
        "nose2",
        "tox",
        "nox",
        "sitecustomize",
        "usercustomize",
    }
)
"""Python's runners, and what every Python process imports first."""
_IMPORTED_FROM = frozenset({"", "src", "lib", "test", "tests"})
"""Folders that stand before the installed packages where tests are run; deeper ones are packages' own."""
_MAKEFILES = frozenset({"Makefile", "makefile", "GNUmakefile", "Justfile", "justfile"})
_TEST_TARGET = re.compile(r"^(?P<name>(?:test|tests|check)(?:[-_:]\w+)*)(?=\s*:(?!=))", re.MULTILINE)
_SHELL = re.compile(r"[^.]*|.*\.(?:sh|bash|zsh)")
_NAMED_FOR_TESTS = re.compile(r"(?:run|ci|all)?[-_]?(?:tests?|check)(?:[-_]\w+)*(?:\.(?:sh|bash|zsh))?")
_CALLS_A_RUNNER = re.compile(
    r"(?:^|[;&|!]|\b(?:if|run|exec|env|nice|time)\s)\s*"
    r"(?:py\.test|pytest|python[\d.]* -m (?:pytest|unittest)|tox|nox|jest|mocha|vitest|ava|tape|ctest|"
    r"node --test|(?:npx|npm|yarn|pnpm) (?:run )?(?:test|jest|mocha|ava)|go test|cargo (?:nex)?test)\b",
    re.MULTILINE,
)
_TEST_SCRIPT = re.compile(r"(?:pre|post)?test(?::.*)?")


def shadowed_runner(path: str) -> str:
    """The runner of tests whose place a new file takes by its name; '' for none."""
    first, _, rest = path.partition("/")
    if rest and first in _IMPORTED_FROM:
        first = rest.partition("/")[0]
    name = first.removesuffix(".py")
    return name if name in _RUNNERS and path.endswith(".py") else ""


def changed_recipes(path: str, old: str, new: str) -> Iterator[str]:
    """How the recipes and scripts that run tests differ, a phrase each; new ones are no others."""
    name = PurePosixPath(path).name
    read = _scripts if name == "package.json" else _recipes if name in _MAKEFILES else None
    if read is None and old and new and _is_shell_script_of_tests(name, old):
        read = _commands
    if read is None:
        return
    now = read(new)
    for each, does in read(old).items():
        if now.get(each) != does:
            yield f"{each} runs {OTHERWISE}"


def _scripts(text: str) -> dict[str, str]:
    try:
        scripts = json.loads(text).get("scripts", {})
        return {name: str(does) for name, does in scripts.items() if _TEST_SCRIPT.fullmatch(name)}
    except (ValueError, AttributeError, RecursionError):
        return {}


def _is_shell_script_of_tests(name: str, text: str) -> bool:
    if name.endswith((".sh", ".bash", ".zsh")) or (_SHELL.fullmatch(name) and text.startswith("#!")):
        return bool(_NAMED_FOR_TESTS.fullmatch(name) or _CALLS_A_RUNNER.search(text))
    return False


def _commands(text: str) -> dict[str, str]:
    """What a shell script does, without its comments and empty lines."""
    lines = (line.strip() for line in text.splitlines())
    return {"it": "\n".join(line for line in lines if line and not line.startswith("#"))}


def _recipes(text: str) -> dict[str, str]:
    """What stands set in below each target of tests."""
    found: dict[str, str] = {}
    for target in _TEST_TARGET.finditer(text):
        below = text[target.end() :].split("\n")[1:]
        end = next((n for n, line in enumerate(below) if not line.startswith((" ", "\t"))), len(below))
        found[target["name"]] = "\n".join(line.strip() for line in below[:end])
    return found
