"""Checks whether a file parses, for those languages for which the check is cheap."""

from __future__ import annotations

import posixpath
import threading
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

from seedsmith.sandbox.errors import SandboxError
from seedsmith.tools.content.yaml_depth import NestedTooDeeply, shallow_events
from seedsmith.tools.text import clamp, clean_output

if TYPE_CHECKING:
    from seedsmith.sandbox.commands.process import ProcessRunner

_MAX_BYTES = 1 << 20
_MAX_SLOW_BYTES = 128 << 10
_MAX_YAML_DEPTH = 500
_COMMAND_SECONDS = 5.0
_SHOWN_CHARACTERS = 200

Check = Callable[[bytes], str | None]
"""Returns what is wrong with a file's content, with the line, or None."""


async def newly_broken(path: str, before: bytes | None, after: bytes, processes: ProcessRunner) -> str | None:
    """Say why ``after`` does not parse, if ``before`` did or the file is new; None where all is well.

    Python, JSON, YAML and TOML are checked in process; JavaScript and shell by ``node`` and ``bash`` inside
    the sandbox, where they are installed. Other kinds and large files are never said to be broken.
    """
    suffix = posixpath.splitext(path)[1].lower()
    if suffix in _IN_PROCESS:
        check, limit = _IN_PROCESS[suffix]
        if max(len(after), len(before or b"")) > limit:
            return None
        fault = check(after)
        return fault if fault and (before is None or check(before) is None) else None
    if suffix in _BY_COMMAND and len(after) <= _MAX_SLOW_BYTES:
        fault = await _run_checker(_BY_COMMAND[suffix], after, processes)
        if fault and (before is None or await _run_checker(_BY_COMMAND[suffix], before, processes) is None):
            return fault
    return None


def fault_in(path: str, content: bytes) -> str | None:
    """Say why ``content`` does not parse, for the kinds that are checked in process; None where it may."""
    check, limit = _IN_PROCESS.get(posixpath.splitext(path)[1].lower(), (None, 0))
    return check(content) if check is not None and len(content) <= limit else None


def warning(fault: str, created: bool) -> str:
    """Say in one line that a file, now written, does not parse."""
    return f"Warning: the file {'does not parse' if created else 'no longer parses'}: {fault}"


_WARNINGS_LOCK = threading.Lock()


def _python(data: bytes) -> str | None:
    try:
        with _WARNINGS_LOCK, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(data, "<file>", "exec", dont_inherit=True, flags=_ONLY_AST)
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}" if error.lineno else str(error.msg)
    except (ValueError, RecursionError, MemoryError):
        return None
    return None


_ONLY_AST = 0x400
"""``ast.PyCF_ONLY_AST``: parse, don't compile; spelt out because importing ast is not free."""


def _json(data: bytes) -> str | None:
    import json

    try:
        json.loads(data)
    except json.JSONDecodeError as error:
        return f"line {error.lineno}: {error.msg}"
    except (ValueError, RecursionError):
        return None
    return None


def _yaml(data: bytes) -> str | None:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        # Events only: no object is built and no alias expanded.
        for _ in shallow_events(data, _MAX_YAML_DEPTH, loader):
            pass
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        return f"{line}{error.problem}"
    except (yaml.YAMLError, ValueError, NestedTooDeeply):
        return None
    return None


def _toml(data: bytes) -> str | None:
    import tomllib

    try:
        tomllib.loads(data.decode())
    except tomllib.TOMLDecodeError as error:
        return str(error)
    except (ValueError, RecursionError):
        return None
    return None


_IN_PROCESS: dict[str, tuple[Check, int]] = {
    ".py": (_python, _MAX_BYTES),
    ".pyi": (_python, _MAX_BYTES),
    ".json": (_json, _MAX_BYTES),
    ".toml": (_toml, _MAX_SLOW_BYTES),
    ".yaml": (_yaml, _MAX_SLOW_BYTES),
    ".yml": (_yaml, _MAX_SLOW_BYTES),
}

_NODE_SCRIPT = ("node", "--check", "-")
_NODE_MODULE = ("node", "--check", "--input-type=module", "-")
_BY_COMMAND: dict[str, tuple[tuple[str, ...], ...]] = {
    ".js": (_NODE_SCRIPT, _NODE_MODULE),
    ".cjs": (_NODE_SCRIPT,),
    ".mjs": (_NODE_MODULE,),
    ".sh": (("bash", "-n"),),
    ".bash": (("bash", "-n"),),
}
"""Commands that read a file from standard input and fail if it does not parse; one success is enough."""


async def _run_checker(
    commands: tuple[tuple[str, ...], ...], data: bytes, processes: ProcessRunner
) -> str | None:
    fault: str | None = None
    for command in commands:
        try:
            result = await processes.run(
                command, timeout=_COMMAND_SECONDS, stdin=data, spill=False, head_bytes=2_000, tail_bytes=0
            )
        except SandboxError:
            return None
        if result.exit_code in (None, 126, 127) or result.timed_out or result.exit_code == 0:
            return None
        # A module read as a script only ever complains about its imports: the next reading knows better.
        if fault is None or "outside a module" in fault or "'export'" in fault:
            fault = _first_fault(clean_output(result.head.decode("utf-8", "replace")))
    return fault


def _first_fault(output: str) -> str:
    """Pick the line that names the error out of what ``node`` or ``bash`` printed."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    where = next((line.rpartition(":")[2] for line in lines if line.startswith("[stdin]:")), "")
    what = next((line for line in lines if "error" in line.lower()), "syntax error").removeprefix("bash: ")
    return clamp(f"line {where}: {what}" if where.isdigit() else what, _SHOWN_CHARACTERS)
