"""What a command leaves running when it ends: told, since it is ended with the command.

In a process namespace all of it is gone the moment the shell ends, so the shell itself looks: where the
command line says that something may be left. Elsewhere the agent sees it afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

LEFT = "still running when the command ended, and ended with it"
SETTLE_SECONDS = 0.1
"""So long what is about to end by itself, or to become another program, has before it is told."""
_MAY_LEAVE = re.compile(
    r"(?<![&<>|\\])&(?![&>\d])|\b(?:nohup|setsid|disown|start|up|coproc|ssh-agent)\b|daemon|(?:^|\s)-d\b"
)
_LONGEST = 80
_MOST = 5
_SAY = (
    "trap 'set -- /proc/[0-9]*; if [ $# -gt 2 ]; then "
    f"sleep {SETTLE_SECONDS}; set --; for p in /proc/[0-9]*; do case $p in /proc/1|/proc/$$) ;; *) "
    f'p=$(tr "\\0\\n" "  " 2>/dev/null <$p/cmdline | cut -c1-{_LONGEST}); '
    f'[ -z "$p" ] || {{ echo "[{LEFT}: ${{p% }}]"; set -- "$@" 1; }};; '
    f"esac; [ $# -lt {_MOST} ] || break; done 2>/dev/null; fi' EXIT; "
)
"""Processes 1 and ``$$`` are bubblewrap's and the shell; what ends by itself meanwhile is not told."""


def telling(command: str) -> str:
    """``command`` for a shell in a process namespace of its own, telling at its end what it leaves."""
    return _SAY + command if may_leave(command) else command


def may_leave(command: str) -> bool:
    """Whether the command line says that something may be left running."""
    return _MAY_LEAVE.search(command) is not None


def left_note(lines: Iterable[bytes]) -> list[str]:
    """The same as a note, by the command lines (``/proc/PID/cmdline``) of what is left."""
    words = [line.replace(b"\0", b" ").decode("utf-8", "replace").strip()[:_LONGEST] for line in lines]
    return [f"[{LEFT}: {each}]" for each in list(filter(None, words))[:_MOST]]
