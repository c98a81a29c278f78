"""What decides how tests are run: which module a runner is, and what a recipe or script of that name does."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath

from seedsmith.agent.run.proof.runner_settings import settings_of_runners
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
_TARGET = re.compile(r"^(?P<name>[A-Za-z][\w.-]*(?::\w[\w-]*)*)(?=(?: [^:=\n]*)?\s*:(?![:=]))", re.MULTILINE)
_TEST_TARGET = re.compile(r"(?:test|tests|check)(?:[-_:]\w+)*")
_USED = re.compile(r"\$[({](\w+)[)}]")
_SET = re.compile(
    r"^(?:export |override )*(?P<name>\w+)[ \t]*[:?+]{0,2}=(?P<value>(?:[^\\\n]|\\[\s\S])*)", re.MULTILINE
)
_OF_ALL = re.compile(r"^(?:\.IGNORE|\.?SHELL(?:FLAGS)?|(?:GNU)?MAKEFLAGS)\b.*", re.MULTILINE)
"""What holds for every recipe: whether failures count, and what runs it."""
_SHELL = re.compile(r"[^.]*|.*\.(?:sh|bash|zsh)")
_NAMED_FOR_TESTS = re.compile(r"(?:run|ci|all)?[-_]?(?:tests?|check)(?:[-_]\w+)*(?:\.(?:sh|bash|zsh))?")
_CALLS_A_RUNNER = re.compile(
    r"(?:^|[;&|!]|\b(?:if|run|exec|env|nice|time)\s)\s*"
    r"[@+-]*(?:py\.test|pytest|(?:python[\d.]*|\$[({]\w+[)}]) -m (?:pytest|unittest)|tox|nox|jest|mocha|"
    r"vitest|ava|tape|ctest|node --test|(?:npx|npm|yarn|pnpm) (?:run )?(?:test|jest|mocha|ava)|go test|"
    r"cargo (?:nex)?test)\b",
    re.MULTILINE,
)
_PROGRAM = re.compile(r"(?:run|ci|all)[-_]?tests?(?:[-_]\w+)*|tests?")
"""The name of a program that runs tests, where it holds none itself."""
_STARTS_A_RUNNER = re.compile(
    r"\bpytest\.main\(|\bTextTestRunner\(|\bunittest\.main\(|\bdefaultTestLoader\b|\bsubprocess\b|"
    r"\bchild_process\b|\brunCLI\(|\bnew Mocha\(|node:test['\"]\).*\brun\b"
)
_HOLDS_TESTS = re.compile(r"^\s*(?:async )?def test|^\s*(?:it|test|describe)\(", re.MULTILINE)
_ENDS = re.compile(r"\bexit(?:Code)?\b")
_TEST_SCRIPT = re.compile(r"(?:pre|post)?test(?::.*)?")


def shadowed_runner(path: str) -> str:
    """The runner of tests whose place a new file takes by its name; '' for none."""
    first, _, rest = path.partition("/")
    if rest and first in _IMPORTED_FROM:
        first = rest.partition("/")[0]
    name = first.removesuffix(".py")
    return name if name in _RUNNERS and path.endswith(".py") else ""


def changed_recipes(path: str, old: str, new: str) -> Iterator[str]:
    """How what runs tests differs, a phrase each: recipes, scripts and settings; new ones are no others."""
    name = PurePosixPath(path).name
    now = settings_of_runners(path, new)
    before = settings_of_runners(path, old)
    always = {each: "" for each in now if each.endswith("runner") or each.startswith("profile.test")}
    for each, does in (always | before).items():
        if now.get(each) != does:
            yield f"{each} is {OTHERWISE}"
    if not (old and new):
        return
    if _is_program_of_tests(name, old):
        lost, more = _lines(old) - _lines(new), _lines(new) - _lines(old)
        if lost or any(map(_ENDS.search, more)):
            yield f"it runs {OTHERWISE}"
    read = _scripts if name == "package.json" else _recipes if _is_makefile(name) else None
    if read is None and _is_shell_script_of_tests(name, old):
        read = _commands
    if read is None:
        return
    recipes = read(new)
    for each, does in read(old).items():
        if recipes.get(each) != does:
            yield f"{each} runs {OTHERWISE}"


def _is_makefile(name: str) -> bool:
    return name in _MAKEFILES or name.endswith((".mk", ".mak"))


def _is_program_of_tests(name: str, text: str) -> bool:
    stem, _, ending = name.rpartition(".")
    if ending not in ("py", "js", "mjs", "cjs", "ts") or not _PROGRAM.fullmatch(stem):
        return False
    return bool(_STARTS_A_RUNNER.search(text)) and not _HOLDS_TESTS.search(text)


def _lines(text: str) -> Counter[str]:
    """The lines of a program, but for empty ones and comments."""
    lines = (line.strip().rstrip(",") for line in text.splitlines())
    return Counter(line for line in lines if line and not line.startswith(("#", "//", "*", "/*")))


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
    """What stands set in below each target of tests, with what it uses and what holds for all."""
    found: dict[str, str] = {}
    values = {each["name"]: "" for each in _SET.finditer(text)}
    for each in _SET.finditer(text):
        values[each["name"]] += each[0] + "\n"
    for target in _TARGET.finditer(text):
        below = text[target.end() :].split("\n")[1:]
        end = next((n for n, line in enumerate(below) if not line.startswith((" ", "\t"))), len(below))
        recipe = "\n".join(line.strip() for line in below[:end])
        if _TEST_TARGET.fullmatch(target["name"]) or _CALLS_A_RUNNER.search(recipe):
            found[target["name"]] = recipe + _used(recipe, values)
    if found:
        found["every target"] = "\n".join(each[0] for each in _OF_ALL.finditer(text))
    return found


def _used(recipe: str, values: dict[str, str]) -> str:
    """What is set of the variables that ``recipe`` uses, and that those use."""
    names, waiting = set[str](), [recipe]
    while waiting:
        for name in _USED.findall(waiting.pop()):
            if name in values and name not in names:
                names.add(name)
                waiting.append(values[name])
    return "\n" + "".join(values[name] for name in sorted(names))
