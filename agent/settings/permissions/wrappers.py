"""Programs that run others: what they are told to run.

Of those that are listed with the form of their options it is known where the command in them begins. Of the
others that are known to run commands it is not: each of their words may begin one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import islice

from seedsmith.agent.settings.permissions.patterns import UNKNOWN
from seedsmith.sandbox.lazy_dataclass import dataclass

_SHELLS = frozenset({"bash", "sh", "dash", "zsh", "ksh", "ash", "mksh", "rbash"})
_SHELL_VALUES = frozenset({"-o", "+o", "-O", "+O", "--rcfile", "--init-file"})
_UNSEEN = frozenset({"alias", "bind", "compgen", "complete", "coproc", "enable", "fc", "hash", "shopt"})
"""Builtins that change what a name runs, or run what they are given later."""
_RUNS_WORDS = frozenset(
    [
        "sudo",
        "doas",
        "su",
        "runuser",
        "pkexec",
        "parallel",
        "watch",
        "strace",
        "ltrace",
        "ssh",
        "script",
        "flock",
        "chroot",
        "unshare",
        "nsenter",
        "busybox",
        "toybox",
        "systemd-run",
        "bwrap",
        "firejail",
        "npx",
        "pnpx",
        "bunx",
        "uvx",
        "entr",
        "valgrind",
        "rlwrap",
        "setpriv",
        "faketime",
        "fakeroot",
        "proot",
        "eatmydata",
        "numactl",
        "taskset",
        "chrt",
        "prlimit",
        "unbuffer",
        "hyperfine",
        "dbus-run-session",
        "start-stop-daemon",
        "tmux",
        "screen",
        "rsync",
        "socat",
        "xterm",
        "cgexec",
        "ld.so",
        "ld-linux-x86-64.so.2",
        "ld-linux-aarch64.so.1",
    ]
)
"""Any of their words may begin a command."""
_RUNS_AFTER: Mapping[str, frozenset[str]] = {
    "find": frozenset({"-exec", "-execdir", "-ok", "-okdir"}),
    "git": frozenset(
        [
            *("--config-env", "run", "foreach", "--exec", "-x", "filter-branch", "--extcmd", "-O"),
            *("--open-files-in-pager", "--upload-pack", "--receive-pack", "--sendmail-cmd"),
        ]
    ),
    "tar": frozenset({"--to-command", "--checkpoint-action", "-I", "--use-compress-program", "-F"}),
    **dict.fromkeys(("scp", "sftp"), frozenset({"-S", "-o"})),
    **dict.fromkeys(("nc", "ncat"), frozenset({"-e", "-c", "--exec", "--sh-exec"})),
    **dict.fromkeys(("vi", "vim", "nvim", "ex", "view"), frozenset({"-c", "--cmd"})),
    **dict.fromkeys(("fd", "fdfind"), frozenset({"-x", "-X", "--exec", "--exec-batch"})),
    **dict.fromkeys(
        [
            "docker",
            "podman",
            "kubectl",
            "npm",
            "pnpm",
            "yarn",
            "bun",
            "uv",
            "pipx",
            "poetry",
            "pdm",
            "hatch",
            "pipenv",
            "direnv",
            "nix",
            "nix-shell",
            "xvfb-run",
            "perf",
        ],
        frozenset({"run", "exec", "x", "record", "stat", "--run", "--command", "-c"}),
    ),
}
"""Any of the words behind one of these may begin a command."""
_LETTER = re.compile(r"[A-Za-z]")
_SHELL_TEXT = re.compile(r"[\s;&|`$()<>]")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_MOST_WORDS = 200
_READS = "a shell carries out what it is given to read"
_BEFORE_A_COMMAND = re.compile(r"^-[A-Za-z]|[=:]|^[+:!]+")
"""What may stand in one word with a command: ``-S``, ``--exec=``, ``EXEC:``, ``+!``."""


@dataclass(frozen=True, slots=True)
class _Form:
    """How a program's options look, before the command it runs."""

    values: frozenset[str] = frozenset()
    """Options with a value that is a word of its own."""
    operands: int = 0
    """Words before the command that are no options."""


_FORMS: Mapping[str, _Form] = {
    "timeout": _Form(frozenset({"-s", "--signal", "-k", "--kill-after"}), 1),
    "time": _Form(frozenset({"-f", "--format", "-o", "--output"})),
    "nice": _Form(frozenset({"-n", "--adjustment"})),
    "ionice": _Form(frozenset({"-c", "-n", "--class", "--classdata"})),
    "nohup": _Form(),
    "setsid": _Form(),
    "stdbuf": _Form(frozenset({"-i", "-o", "-e", "--input", "--output", "--error"})),
    "command": _Form(),
    "builtin": _Form(),
    "exec": _Form(frozenset({"-a"})),
    "xargs": _Form(frozenset({"-n", "-P", "-L", "-s", "-d", "-E", "-I", "-a"})),
    "env": _Form(frozenset({"-u", "--unset", "-C", "--chdir"})),
}
"""Of these it is known where the command begins."""
_FLAGS: Mapping[str, frozenset[str]] = {
    "timeout": frozenset({"--foreground", "--preserve-status", "-v", "--verbose"}),
    "time": frozenset({"-p", "-v", "-a", "-q", "--portability", "--verbose", "--append", "--quiet"}),
    "nice": frozenset(),
    "ionice": frozenset({"-t"}),
    "nohup": frozenset(),
    "setsid": frozenset({"-c", "-f", "-w", "--ctty", "--fork", "--wait"}),
    "stdbuf": frozenset(),
    "command": frozenset({"-p"}),
    "builtin": frozenset(),
    "exec": frozenset({"-c", "-l"}),
    "xargs": frozenset({"-0", "-r", "-t", "-x", "--null", "--no-run-if-empty"}),
    "env": frozenset({"-i", "-", "--ignore-environment"}),
}
_JOINED = re.compile(r"-[a-zA-Z][\w.+-]+|-\d+|--[a-z-]+=.*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Inner:
    """What a command runs besides its own program."""

    words: tuple[str, ...] = ()
    """A command by its words."""
    assignments: tuple[str, ...] = ()
    """Variables set for it."""
    texts: tuple[str, ...] = ()
    """Commands as the shell reads them."""
    possible_texts: tuple[str, ...] = ()
    """Texts that may be such commands."""
    guess_from: int = 0
    """Each word from there on may begin a command; 0: none."""
    unclear: str = ""
    """Why it can't be told, as a clause."""


def inner_of(words: Sequence[str]) -> Inner:
    """What a command with these ``words`` runs."""
    name, rest = words[0].rpartition("/")[2], list(words[1:])
    if name in _SHELLS:
        return _shell(rest)
    if name in ("eval", "trap"):
        return _evaluated(name, rest)
    if name in ("source", "."):
        return Inner(unclear=_READS) if rest and (UNKNOWN in rest[0] or rest[0][:5] == "/dev/") else Inner()
    if name in ("at", "batch"):
        return Inner(unclear=_READS)
    if name in _UNSEEN:
        return Inner(unclear=f"{name} changes what later words mean")
    if name in _FORMS:
        return _wrapped(name, rest)
    if name in _RUNS_WORDS:
        return _guessed(rest, 1)
    after = _RUNS_AFTER.get(name, frozenset())
    for place, word in enumerate(rest, 1):
        if word in after:
            return _guessed(rest[place:], place + 1)
        if word.partition("=")[0] in after or (word[:2] in after and word[:2] != "--"):
            return _guessed(rest[place - 1 :], place + 1)
    return Inner()


def _shell(rest: list[str]) -> Inner:
    takes_text = reads_input = False
    while rest and rest[0][:1] in ("-", "+") and len(rest[0]) > 1:
        option = rest.pop(0)
        if option == "--":
            break
        if UNKNOWN in option:
            return Inner(unclear="what it runs is known to the shell alone")
        if option in _SHELL_VALUES:
            rest[:1] = []
        elif not option.startswith("--"):
            takes_text = takes_text or "c" in option
            reads_input = reads_input or "s" in option
    if takes_text:
        return Inner(texts=(rest[0],)) if rest else Inner()
    if not rest or reads_input or rest[0] == "-" or UNKNOWN in rest[0] or rest[0].startswith("/dev/"):
        return Inner(unclear=_READS)
    return Inner()


def _evaluated(name: str, rest: list[str]) -> Inner:
    if rest[:1] == ["--"]:
        rest.pop(0)
    if name == "eval":
        return Inner(texts=(" ".join(rest),)) if rest else Inner()
    if not rest or rest[0].startswith("-") or len(rest) == 1:
        return Inner()
    return Inner(texts=(rest[0],)) if rest[0] else Inner()


def _wrapped(name: str, rest: list[str]) -> Inner:
    """What a program with options of a known form runs; a guess where they are others."""
    given, form, replaced = list(rest), _FORMS[name], ""
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option == "--":
            break
        if name == "command" and option in ("-v", "-V"):
            return Inner()
        if option in form.values:
            value = rest.pop(0) if rest else ""
            replaced = value if option == "-I" else replaced
        elif option not in _FLAGS[name] and not (_JOINED.fullmatch(option) and _is_joined(option, form)):
            return _guessed(given, 1)
    if any(UNKNOWN in word for word in given[: len(given) - len(rest) + form.operands]):
        return Inner(unclear="which program it runs is known to the shell alone")
    del rest[: form.operands]
    assignments: list[str] = []
    while name == "env" and rest and _ASSIGNMENT.match(rest[0]):
        assignments.append(rest.pop(0))
        if UNKNOWN in assignments[-1]:  # unquoted, it may be several words
            return Inner(unclear="which program it runs is known to the shell alone")
    if not rest:
        return Inner()
    if name == "xargs":
        words = [word.replace(replaced, UNKNOWN) if replaced else word for word in rest]
        rest = words if replaced else [*words, UNKNOWN]
    return Inner(tuple(rest), tuple(assignments))


def _is_joined(option: str, form: _Form) -> bool:
    """Whether ``option`` is one of the form's with its value, e.g. ``-n5``, ``-5`` or ``--signal=KILL``."""
    return option.partition("=")[0] in form.values or option[:2] in form.values or option[1:].isdigit()


def _guessed(rest: list[str], guess_from: int) -> Inner:
    if len(rest) > _MOST_WORDS:
        return Inner(guess_from=guess_from, unclear=f"it has more than {_MOST_WORDS} words")
    texts = [word for word in rest if _SHELL_TEXT.search(word) and _LETTER.search(word)]
    texts += [word[match.end() :] for word in rest for match in islice(_BEFORE_A_COMMAND.finditer(word), 4)]
    return Inner(possible_texts=tuple(filter(_LETTER.search, texts)), guess_from=guess_from)
