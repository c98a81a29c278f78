"""Arguments as models really write them, brought into the form they were told.

What has one reading is read so: other programs' names, numbers and lists given as text, too large a number.
What might mean two things stays as it is, and is refused by the checks that follow.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Callable, Mapping
from functools import cache
from math import ceil
from typing import Any

from pydantic import BaseModel

from seedsmith.tools.base import JsonObject
from seedsmith.tools.flat_schema import flatten_schema
from seedsmith.tools.text import escape

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "path": (
        *("file", "filename", "file_name", "file_path", "filepath", "absolute_path", "relative_path"),
        *("target_file", "dir", "directory", "folder", "dir_path", "target_directory", "search_path"),
        *("relative_workspace_path", "image", "image_path", "paths", "file_paths", "uri", "target"),
    ),
    "paths": ("path", "file", "files", "filename", "file_path", "file_paths", "pathspec"),
    "old": ("old_string", "old_str", "old_text", "old_content", "oldtext", "search", "find"),
    "new": ("new_string", "new_str", "new_text", "new_content", "newtext", "replace", "replacement"),
    "replace_all": ("all", "global", "allow_multiple"),
    "edits": ("changes", "replacements"),
    "content": ("contents", "text", "data", "file_text", "code"),
    "patch": ("diff", "input", "patch_text", "patch_content", "content", "patches"),
    "all": ("add_all", "stage_all", "all_files"),
    "command": ("cmd", "script", "code", "bash", "command_line"),
    "pattern": (
        *("regex", "query", "regexp", "search_pattern", "glob_pattern", "glob", "search", "q", "patterns"),
    ),
    "glob": ("include", "include_pattern", "file_pattern", "file_glob", "files"),
    "ignore_case": ("-i", "i", "case_insensitive"),
    "context": ("-c", "-a", "-b", "context_lines", "before_context", "after_context"),
    "offset": (
        *("start", "start_line", "line", "from", "from_line", "line_start", "start_line_one_indexed"),
    ),
    "limit": ("max", "count", "lines", "max_results", "max_matches", "head_limit", "num_lines", "max_count"),
    "items": ("todos", "todo_list", "tasks", "steps", "plan", "list"),
    "state": ("status",),
    "question": ("prompt", "message", "query", "text"),
    "options": ("choices", "answers"),
    "timeout": ("timeout_ms", "timeout_seconds", "timeout_sec", "seconds"),
    "background": ("run_in_background", "is_background", "detach"),
    "id": ("shell_id", "bash_id", "command_id", "session_id", "process_id", "task_id", "pid", "name"),
    "text": ("input", "stdin", "chars", "data", "content", "step", "task", "title"),
    "wait": ("timeout", "timeout_ms", "seconds", "wait_seconds", "yield_time_ms"),
    "close": ("eof", "end"),
    "ref": ("commit", "revision", "rev", "sha", "range", "commit_hash"),
    "message": ("msg", "commit_message", "-m", "m"),
    "action": ("subcommand", "operation", "command"),
    "name": ("skill", "skill_name"),
    "parameters": ("args", "arguments", "params"),
}
"""What other programs call these parameters; one a tool has of that name itself goes before."""

_HARMLESS = frozenset(
    {
        *("description", "explanation", "reason", "reasoning", "rationale", "thought", "thoughts"),
        *("thinking", "justification", "purpose", "intent", "intention", "summary", "note", "notes"),
        *("comment", "title", "instruction", "instructions", "active_form", "priority", "security_risk"),
        *("should_read_entire_file", "n", "line_number", "line_numbers", "show_line_numbers"),
        *("output_mode", "requires_approval", "safe_to_auto_run", "id", "is_input", "login", "tty"),
        *("line_count", "task_progress", "overwrite", "recursive", "respect_git_ignore"),
        *("max_output_tokens", "max_output_length", "yield_time_ms", "files_with_matches", "files_only"),
        *("create_dirs", "create_directories", "make_dirs", "mkdirs", "parents"),
    }
)
"""What other programs' tools take besides and what changes nothing here."""

_SAID_ANYWAY = {"encoding": ("utf-8", "utf8"), "shell": ("bash", "/bin/bash", "sh", "/bin/sh")}
"""Values of other programs' parameters that ask for what happens here anyway."""
_WRAPPERS = ("parameters", "arguments", "input", "args", "params")
_FLAGS = {**dict.fromkeys(("true", "yes", "1"), True), **dict.fromkeys(("false", "no", "0"), False)}
_WHOLE = re.compile(r"\s*([+-]?[0-9]{1,18})(?:\.0*)?\s*", re.ASCII)
_DURATION = re.compile(
    r"\s*([0-9]{1,9}(?:\.[0-9]{0,9})?)\s*(?:(ms|millis\w*)|(m|mins?|minutes?)|(h|hours?)|s|secs?|seconds?)?\s*",
    re.ASCII | re.IGNORECASE,
)
_ABSENT = ("", "null", "none", "undefined")
_MOST_DURATION = 1e9
_SAYS_NOTHING = (*_ABSENT, "false")
_NO_LIMIT = (0, -1)
"""What other programs take for no limit at all, where ours begin at 1."""
_LARGEST_OF = frozenset({"context"})
"""Of several names for these the largest value counts: lines before and lines after a match."""


def unwrapped(model: type[BaseModel], values: JsonObject) -> JsonObject:
    """The arguments within ``values``, where these are an object that holds nothing else."""
    name = next(iter(values), "")
    if len(values) != 1 or name not in _WRAPPERS or name in model.model_fields:
        return values
    inner = json_in(values[name]) if isinstance(values[name], str) else values[name]
    return inner if isinstance(inner, dict) else values


def renamed(model: type[BaseModel], values: JsonObject) -> JsonObject:
    """Return ``values`` under the names of ``model``, as far as each has one reading."""
    fields = model.model_fields
    found = {name: value for name, value in values.items() if name in fields}
    for given, value in values.items():
        if given in fields:
            continue
        name = _meant(given, fields)
        if name is None:
            found[given] = value
            continue
        if given.casefold().endswith("_ms") and (whole := whole_number(value)) is not None:
            value = -(-whole // 1000)
        if found.get(name) is None:
            found[name] = value
        elif name in _LARGEST_OF and _both_whole(found[name], value):
            found[name] = max(whole_number(found[name]) or 0, whole_number(value) or 0)
        elif str(found[name]) != str(value):
            found[given] = value
    return found


def as_meant(model: type[BaseModel], values: JsonObject, notes: list[str]) -> JsonObject:
    """Return ``values`` in the types of ``model``, without what says nothing; adds to ``notes``."""
    known = _described(model)
    found: JsonObject = {}
    ignored = []
    for name, value in values.items():
        described = known.get(name)
        if described is None:
            if _says_nothing(value) or _plain(name) in _HARMLESS or _is_said_anyway(name, value):
                ignored += [name] if value is not None else []
            else:
                found[name] = value
            continue
        if not model.model_fields[name].is_required():
            if _is_absent(value, described):
                continue
            if _is_no_limit(value, described):
                notes.append(f"'{name}' {value} was taken for none given")
                continue
        found[name] = _lowered(name, _converted(value, described), described, notes)
    if ignored:
        notes.append(f"ignored, as this tool has no such parameter: {escape(', '.join(ignored))[:200]}")
    return found


def _meant(given: str, fields: Mapping[str, Any]) -> str | None:
    """The one parameter that is also called ``given``; None where there is none."""
    plain = _plain(given)
    if plain in fields:
        return plain
    names = {plain, given.casefold()}
    meant = [name for name in fields if names & set(SYNONYMS.get(name, ()))]
    return meant[0] if len(meant) == 1 else None


def _plain(name: str) -> str:
    """``filePath``, ``file-path`` and ``-n`` as ``file_path`` and ``n``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").strip("_").lower()


@cache
def _described(model: type[BaseModel]) -> Mapping[str, JsonObject]:
    described: Mapping[str, JsonObject] = flatten_schema(model, ("type", "enum", "minimum", "maximum"))[
        "properties"
    ]
    return described


def _is_absent(value: Any, described: JsonObject) -> bool:
    if value is None:
        return True
    return described.get("type") != "string" and isinstance(value, str) and value.strip().lower() in _ABSENT


def _says_nothing(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().lower() in _SAYS_NOTHING
    return value is None or value is False or value in ([], {})


def _is_said_anyway(name: str, value: Any) -> bool:
    return isinstance(value, str) and value.lower() in _SAID_ANYWAY.get(_plain(name), ())


def _is_no_limit(value: Any, described: JsonObject) -> bool:
    return described.get("minimum") == 1 and "maximum" in described and whole_number(value) in _NO_LIMIT


def _converted(value: Any, described: JsonObject) -> Any:
    """``value`` as the type ``described`` asks for, where there is one way to read it so; else as it is."""
    convert = _CONVERSIONS.get(described.get("type", ""))
    return value if convert is None else convert(value, described)


def _to_integer(value: Any, described: JsonObject) -> Any:
    whole = whole_number(value)
    return value if whole is None else whole


def whole_number(value: Any) -> int | None:
    """The whole number that ``value`` is, or spells; None where it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    if isinstance(value, str):
        match = _WHOLE.fullmatch(value)
        return int(match[1]) if match else None
    return value if isinstance(value, int) else None


def whole_seconds(value: Any) -> Any:
    """``value`` in seconds, rounded up, where it is a time such as ``"2m"`` or 1.5; else as it is."""
    if isinstance(value, float) and 0 < value < _MOST_DURATION:
        return ceil(value)
    if not isinstance(value, str) or (match := _DURATION.fullmatch(value)) is None:
        return value
    milliseconds, minutes, hours = match.group(2, 3, 4)
    return ceil(float(match[1]) * (0.001 if milliseconds else 60 if minutes else 3600 if hours else 1))


def words_of(value: Any) -> list[str] | None:
    """The words of a command that is given as a list of them, or as JSON of one; None where it is none.

    A first word with a space is no program but a command line, and the list then perhaps several.
    """
    words = json_in(value) if isinstance(value, str) and value.lstrip().startswith('["') else value
    if not isinstance(words, list) or len(words) < 2 or not all(isinstance(word, str) for word in words):
        return None
    return None if not words[0] or any(mark.isspace() for mark in words[0]) else words


def _both_whole(*values: Any) -> bool:
    return all(whole_number(value) is not None for value in values)


def _to_number(value: Any, described: JsonObject) -> Any:
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _to_flag(value: Any, described: JsonObject) -> Any:
    return to_flag(value)


def to_flag(value: Any) -> Any:
    """True or false where ``value`` is, or spells, one of them; else as it is."""
    if isinstance(value, str):
        return _FLAGS.get(value.strip().lower(), value)
    return bool(value) if value in (0, 1) else value


def _to_text(value: Any, described: JsonObject) -> Any:
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str):
        value = value[0]
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and "enum" in described and value not in described["enum"]:
        plain = value.strip().lower()
        return plain if plain in described["enum"] else value
    return value


def _to_list(value: Any, described: JsonObject) -> Any:
    items = described.get("items", {})
    if isinstance(value, str):
        read = json_in(value)
        if isinstance(read, (list, dict)):
            value = read
        elif items.get("type") == "string":
            value = [value]
    if isinstance(value, dict) and items.get("type") == "object":
        value = [value]
    return [_converted(each, items) for each in value] if isinstance(value, list) else value


def _to_object(value: Any, described: JsonObject) -> Any:
    read = json_in(value) if isinstance(value, str) else value
    return read if isinstance(read, dict) else value


_CONVERSIONS: Mapping[str, Callable[[Any, JsonObject], Any]] = {
    "integer": _to_integer,
    "number": _to_number,
    "boolean": _to_flag,
    "string": _to_text,
    "array": _to_list,
    "object": _to_object,
}


def json_in(text: str) -> Any:
    """The list or object that ``text`` is, in JSON or as Python writes it; None where it is neither."""
    if text.lstrip()[:1] not in ("[", "{"):
        return None
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        pass
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None


def _lowered(name: str, value: Any, described: JsonObject, notes: list[str]) -> Any:
    most = described.get("maximum")
    if most is None or isinstance(value, bool) or not isinstance(value, (int, float)) or value <= most:
        return value
    notes.append(f"'{name}' was lowered from {value} to {most}, the most there is")
    return most
