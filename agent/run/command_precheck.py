"""Whether the verification command can be run at all, told before the first question costs anything."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from seedsmith.agent.sessions.session import VerifyRecord
from seedsmith.sandbox.isolation.base import Policy
from seedsmith.sandbox.isolation.hidden_folders import is_beneath
from seedsmith.sandbox.isolation.named_programs import named_programs, words_of
from seedsmith.sandbox.isolation.toolchains import search_path
from seedsmith.sandbox.real_path import real_path
from seedsmith.tools.suggestions import did_you_mean, nearest

_NO_FOLDER_OF_IT = (
    "no folder of the workspace is on the PATH of commands but that of an active virtual environment"
)
_OWN_MEANS = re.compile(
    r"\bPATH\+?=|activate|<<|\(\)|(?:^|\W)(?:source|eval|alias|function)\b|(?:^|[;&|{\n]|\b(?:then|do)) *\. "
)
"""How a command line changes what its words mean."""
_SET = re.compile(r"[A-Za-z_]\w*=|-|\d")
"""What may stand before a program besides: a variable, an option, a number of seconds."""
_BEFORE_PROGRAMS = frozenset(
    "env time command exec nice nohup timeout if then elif else while until do ! {".split()  # noqa: SIM905
)
_BUILT_INS = frozenset("[ echo false kill printf pwd test true".split())  # noqa: SIM905
"""What every shell has itself, whatever is called so on the ``PATH``."""
_BEGIN_ANEW = frozenset({";", "&&", "||", "|", "&", "("})
"""What a program's name stands behind in a command line."""
_CANNOT_RUN = (126, 127)
"""A shell's exit codes for a command that is not there or is no program."""
_NEAR = 20
_NOT_FOUND = re.compile(r"not found|No such file or directory", re.IGNORECASE)
_MISSING = re.compile(r"(?:^|: )([\w.+-]+): (?:command )?not found$", re.MULTILINE)
_NO_FILE = re.compile(r": (/[^:\n]+): No such file or directory$", re.MULTILINE)
"""What a shell says of a program named by its path."""
_MADE = re.compile(r"^g?make(?:\[\d+\])?: \*\*\* \[.*\] Error (12[67])$", re.MULTILINE)
"""make's own exit code is 2, whatever a recipe ended with."""
_MISSING_TO_MAKE = re.compile(r"^g?make(?:\[\d+\])?: ([\w.+-]+): No such file or directory$", re.MULTILINE)


def why_cannot_run(record: VerifyRecord, policy: Policy) -> str:
    """Why the command of ``record`` could not be run here, as one sentence; '' where nothing says so.

    A script of the workspace that is missing is no reason: it may be what is to be written.
    """
    if record.exit_code == 0:
        return ""
    made = _MADE.search(record.output)
    exit_code = int(made[1]) if made else record.exit_code
    begin = f"The test command can't be run: {record.command}"
    if exit_code in _CANNOT_RUN or _NOT_FOUND.search(record.output):
        hidden = named_programs(record.command, policy.workspace, policy.environ)
        named = [path for path in hidden if exit_code in _CANNOT_RUN or str(path) in record.output]
        if named:
            return f"{begin} ({_outside(named)}; name it in --verify or --test yourself to have it shown)"
    if exit_code != 127:
        return ""
    for path in map(Path, _NO_FILE.findall(record.output)):
        if not os.path.exists(path) and not path.is_relative_to(policy.workspace):  # noqa: PTH110
            return f"{begin}: {path} does not exist"
    words = words_of(record.command)
    missing = [name for name in _MISSING.findall(record.output) if made or name in words]
    missing += _MISSING_TO_MAKE.findall(record.output) if made else []
    if not missing:
        return ""
    if inside := _of_the_workspace(missing[0], policy):
        return f"{begin} (yours is {inside}; {_NO_FOLDER_OF_IT})"
    outside = shutil.which(missing[0], path=policy.environ.get("PATH", ""))
    if outside:
        return f"{begin} ({_outside([Path(outside)])})"
    name, letters = missing[0], sorted(missing[0])
    close = nearest(name, _programs(policy), _NEAR)
    close.sort(
        key=lambda each: (sorted(each) != letters, each[0] != name[0])
    )  # two letters swapped come first
    return f"{begin}: {name} is not installed{did_you_mean(*close[:1])}"


def another_program(command: str, policy: Policy) -> str:
    """A sentence, where a program of ``command`` is in the user's shell one of the workspace; else ''.

    It says so of the first. A command that sets its own ``PATH``, or defines its words, takes what it means.
    """
    if _OWN_MEANS.search(command):
        return ""
    path, begins = os.pathsep.join(map(str, search_path(policy.environ, policy.workspace))), True
    for word in words_of(command):
        if begins and word not in _BEFORE_PROGRAMS and not _SET.match(word):
            theirs, ours = _of_the_workspace(word, policy), shutil.which(word, path=path)
            if theirs and ours and theirs != ours:
                return f"Your {word} is {theirs}, the test command gets {ours}: {_NO_FOLDER_OF_IT}."
            begins = False
        begins = begins or word in _BEGIN_ANEW
    return ""


def _of_the_workspace(name: str, policy: Policy) -> str:
    """The program that ``name`` is in the user's shell, where that is one of the workspace; else ''."""
    found = shutil.which(name, path=policy.environ.get("PATH", ""))
    if not found or os.sep in name or name in _BUILT_INS:
        return ""
    program = Path(os.path.abspath(found))  # noqa: PTH100 - links stay as the user sees them
    folders = (program.parent, real_path(program.parent))
    return str(program) if any(is_beneath(each, (policy.workspace,)) for each in folders) else ""


def _outside(paths: Iterable[Path]) -> str:
    return f"exists outside, hidden by the sandbox: {', '.join(map(str, paths))}"


def _programs(policy: Policy) -> list[str]:
    """The names of the programs commands find."""
    names: set[str] = set()
    for folder in search_path(policy.environ, policy.workspace):
        try:
            names.update(os.listdir(folder))  # noqa: PTH208
        except OSError:
            continue
    return sorted(names)
