"""What a setting's value may be beyond its type: read from the forms people write, or refused in words.

Each takes the value that was given and returns the one to be kept; ValueError says what it should be.
"""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any


def comma_separated(given: Any) -> Any:
    """One or several names; text from the environment may hold them with commas between."""
    if isinstance(given, str):
        given = [given]
    if not isinstance(given, list | tuple):
        return given
    return [name.strip() for each in given for name in str(each).split(",") if name.strip()]


def absolute_paths(value: list[Path] | None) -> list[Path] | None:
    """Paths as they are seen from the current folder, whichever is current later."""
    return value and [path.expanduser().absolute() for path in value]


def json_object(given: Any) -> Any:
    """A JSON object, written as text or given as one."""
    try:
        value = json.loads(given) if isinstance(given, str) else given
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ValueError("must be a JSON object")
    return value


_RESPONSE_FORMATS = ("text", "json_object", "json_schema")


def response_format(value: dict[str, Any]) -> dict[str, Any]:
    """A response format as the service takes it, with the schema where its type needs one."""
    if value.get("type") not in _RESPONSE_FORMATS:
        raise ValueError(f'must be a JSON object whose "type" is {_or(_RESPONSE_FORMATS)}')
    schema = value.get("json_schema")
    if value["type"] == "json_schema" and not (
        isinstance(schema, dict) and isinstance(schema.get("schema"), dict)
    ):
        raise ValueError('must hold {"json_schema": {"name": ..., "schema": {...}}} beside the type')
    return value


def token_biases(value: dict[Any, Any]) -> dict[Any, Any]:
    """Biases by token id; an id that is given as a number is written as JSON writes it."""
    if any(isinstance(bias, bool) for bias in value.values()):
        raise ValueError("must hold a number for each token")
    return {str(token) if type(token) is int else token: bias for token, bias in value.items()}


def plain_json(value: Any) -> Any:
    """A copy of a mapping, as JSON has it: what a program gave may hold anything, and change later."""
    if not isinstance(value, dict):
        return value
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        raise ValueError("must be the path of a JSON Schema, or one as JSON has it") from None


def stop_texts(texts: list[str]) -> list[str]:
    """Texts at which an answer stops."""
    if not texts or not all(texts):
        raise ValueError("must hold one text or more, none of them empty")
    return texts


def tool_choice(given: Any) -> Any:
    """``none``, ``auto``, ``required`` or a tool's name, which the document writes as an object."""
    if isinstance(given, str) and given.lstrip().startswith("{"):
        given = json_object(given)
    if isinstance(given, dict):
        function = given.get("function")
        given = function.get("name") if isinstance(function, dict) else None
    if not isinstance(given, str) or not given.strip():
        raise ValueError("must be none, auto, required or a tool's name")
    return given.strip()


def _or(words: tuple[str, ...]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"


_PATH_GLOB = re.compile(r"[^\x00-\x1f\x7f\[\]{}\\!]{1,200}")
_MOST_GLOBS = 100


def without_nul(command: str | None) -> str | None:
    """A command that can be run at all."""
    if command is not None and "\0" in command:
        raise ValueError("holds a NUL character, which no command can")
    return command


def path_globs(globs: list[str] | None) -> list[str] | None:
    """Patterns of paths within the workspace."""
    if globs is not None and len(globs) > _MOST_GLOBS:
        raise ValueError(f"holds more than {_MOST_GLOBS} paths")
    for glob in globs or ():
        if not _PATH_GLOB.fullmatch(glob) or not glob.strip("/ ") or ".." in glob.split("/"):
            raise ValueError(f"holds {glob[:60]!r}: give paths in the workspace, of names, '/', '*', '?'")
    return globs


def one_to_seven_days_ahead(moment: int | None) -> int | None:
    """The bounds of docs/model-service.md, "State and caching"; the clock is this machine's."""
    if moment is not None:
        earliest, latest = (int(time.time()) + days * 86_400 for days in (1, 7))
        if not earliest <= moment <= latest:
            raise ValueError(f"must lie 1 to 7 days ahead: between {earliest} and {latest} just now")
    return moment


_ALLOW = "allow="


def network(given: str) -> str:
    """``off``, ``on`` or ``allow=`` with hosts, each of which can be read."""
    if given not in ("off", "on"):
        if not given.startswith(_ALLOW):
            raise ValueError("must be off, on or allow=HOST[:PORT],...")
        from seedsmith.sandbox.network.allowed_hosts import Allowed

        Allowed(allowed_hosts(given))
    return given


def allowed_hosts(given: str) -> tuple[str, ...]:
    """The hosts that a setting of the network names; none where it names none."""
    return tuple(given.removeprefix(_ALLOW).split(",")) if given.startswith(_ALLOW) else ()


_CREDENTIAL_KEYS = ("commands", "variables", "files")


def credentials(given: list[dict[str, Any]] | None) -> list[dict[str, Any]] | None:
    """What named commands are given: each entry lists commands, and variables or files."""
    for entry in given or ():
        if not entry.get("commands") or not (entry.get("variables") or entry.get("files")):
            raise ValueError("must list commands and variables or files in each entry")
        for key, value in entry.items():
            if key not in _CREDENTIAL_KEYS:
                raise ValueError(f"holds {key!r}: an entry has {_or(_CREDENTIAL_KEYS)}")
            if not isinstance(value, list) or not all(
                isinstance(each, str) and each.strip() for each in value
            ):
                raise ValueError(f"must hold a list of texts under {key!r}")
    return given


def permissions(given: list[dict[str, Any]] | None) -> list[dict[str, Any]] | None:
    """Rules, each of which can be read and covers its examples."""
    if given:
        from seedsmith.agent.settings.permissions.rule_reader import read_rules

        read_rules(given)
    return given
