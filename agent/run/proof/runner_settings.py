"""What the settings of runners say of how tests are run, by names: tox, nox, pytest, hatch, jest, cargo."""

from __future__ import annotations

import ast
import configparser
import json
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any

Settings = dict[str, str]
_OF_PYTEST = re.compile(r"addopts|testpaths|python_(?:files|classes|functions)")
_OF_TOX = re.compile(
    r"commands(?:_pre|_post)?|set_?env|changedir|change_dir|allowlist_externals|ignore_(?:outcome|errors)"
)
_NAMED = re.compile(r"(?:pre|post)?(?:tests?|check|cov|ci)(?:[-_:].*)?")
_BLOCKS = ("jest", "mocha", "vitest", "ava", "tap", "c8", "nyc")


def settings_of_runners(path: str, text: str) -> Settings:
    """What decides how tests are run in the file ``path`` that holds ``text``; empty where nothing does."""
    pure = PurePosixPath(path)
    read = _BY_NAME.get(pure.name)
    if pure.parent.name == ".cargo" and pure.stem == "config":
        read = _of_cargo
    if read is None:
        return {}
    try:
        return {name: json.dumps(does, sort_keys=True, default=str) for name, does in read(text)}
    except (ValueError, configparser.Error, SyntaxError, AttributeError, TypeError, RecursionError):
        return {}


def _of_ini(text: str) -> Iterator[tuple[str, Any]]:
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    parser.read_string(text)
    for section in parser.sections():
        decides = _OF_PYTEST if section in ("pytest", "tool:pytest") else _OF_TOX
        if decides is _OF_PYTEST or section.startswith("testenv"):
            for key, value in parser.items(section):
                if decides.fullmatch(key):
                    yield f"{section}.{key}", (value or "").split()


def _of_toml(text: str) -> Iterator[tuple[str, Any]]:
    tool = tomllib.loads(text).get("tool", {})
    for key, value in tool.get("pytest", {}).get("ini_options", {}).items():
        if _OF_PYTEST.fullmatch(key):
            yield f"pytest.{key}", value
    tox = tool.get("tox", {})
    yield from _of_ini(tox.get("legacy_tox_ini", ""))
    for where, key, value in _leaves(tox):
        if _OF_TOX.fullmatch(key):
            yield f"tox.{where}{key}", value
    for place in (tool.get("hatch", {}).get("envs", {}), tool.get("pdm", {}), tool.get("poe", {})):
        for where, key, value in _leaves(place):
            if _NAMED.fullmatch(key) and ("scripts." in where or "tasks." in where):
                yield f"{where}{key}", value


def _of_cargo(text: str) -> Iterator[tuple[str, Any]]:
    whole = tomllib.loads(text)
    for where, key, value in _leaves(whole):
        if where.startswith(("alias.", "profile.test.")) or key in ("runner", "harness", "autotests"):
            yield f"{where}{key}", value


def _of_package(text: str) -> Iterator[tuple[str, Any]]:
    package = json.loads(text)
    yield from ((name, package[name]) for name in _BLOCKS if name in package)


def _of_nox(text: str) -> Iterator[tuple[str, Any]]:
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, ast.unparse(node)
        elif isinstance(node, ast.Assign):
            yield ast.unparse(node.targets[0]), ast.unparse(node)


def _leaves(table: dict[str, Any], where: str = "") -> Iterator[tuple[str, str, Any]]:
    """Every value of a table that is none itself, with what it stands in and its key."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{where}{key}.")
        else:
            yield where, key, value


_BY_NAME: dict[str, Callable[[str], Iterator[tuple[str, Any]]]] = {
    **dict.fromkeys(("tox.ini", "setup.cfg", "pytest.ini", ".pytest.ini"), _of_ini),
    "pyproject.toml": _of_toml,
    "Cargo.toml": _of_cargo,
    "package.json": _of_package,
    ".mocharc.json": lambda text: iter(json.loads(text).items()),
    "noxfile.py": _of_nox,
}
