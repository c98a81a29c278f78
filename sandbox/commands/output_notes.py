"""What the sandbox has to say about a command's output, so that nobody takes a refusal for a bug."""

from __future__ import annotations

import re

from seedsmith.sandbox.guards.auto_run_files import ASK_FOR_IT
from seedsmith.sandbox.isolation.base import Limits, Policy
from seedsmith.sandbox.workspace.protected import RUN_BY_OTHERS

_REFUSED = re.compile(rb"PermissionError|Operation not permitted|EPERM|os error 1\b")
_UNIX_SOCKET = re.compile(
    rb"AF_UNIX|socket\.py|unix socket|forkserver|multiprocessing[/.]managers|\.sock\b", re.IGNORECASE
)
_CONNECTS = re.compile(rb"\bconnect\b|" + _UNIX_SOCKET.pattern, re.IGNORECASE)
_NETWORK = re.compile(
    rb"Temporary failure in name resolution|Could not resolve host|Network is unreachable|ENETUNREACH"
    rb"|EAI_AGAIN|no such host|Name or service not known|Connection refused.{0,40}:443",
    re.IGNORECASE,
)
_OFFLINE = re.compile(
    rb"ENOTCACHED|cache mode is 'only-if-cached'|^Looking in indexes: *$|No matching distribution found for"
    rb"|Ignoring indexes:|network (?:connectivity )?is disabled|network was disabled|network is blocked"
    rb"|disabled by GOPROXY=off|--offline was specified|the --offline flag|network disabled",
    re.IGNORECASE | re.MULTILINE,
)
"""How package managers refuse by the settings of :mod:`seedsmith.sandbox.isolation.environment`."""
_NOT_ALLOWED = re.compile(
    rb"\b403 Forbidden by|HTTP Error 403: Forbidden by|tunnel.{0,40} 403|code 403 from proxy"
)
"""How programs tell that the proxy refused them."""
_TOO_MANY = re.compile(
    rb"can't start new thread|pthread_create failed|thread::spawn|unable to create (?:native )?thread"
    rb"|fork: (?:retry: )?Resource temporarily unavailable|BlockingIOError: \[Errno 11\]"
    rb"|Resource temporarily unavailable.{0,80}thread|thread.{0,80}Resource temporarily unavailable"
    rb"|failed to create new OS thread",
    re.IGNORECASE,
)
_TRACED = re.compile(rb"LeakSanitizer (?:has encountered a fatal error|does not work under ptrace)")
_READ_ONLY_GIT = re.compile(
    rb"\.git/[^\n]{0,200}Read-only file system|\.git[^\n]{0,80}read-only", re.IGNORECASE
)
_READ_ONLY_CONFIGURATION = re.compile(rb"\.seedsmith\b[^\n]{0,200}Read-only file system", re.IGNORECASE)
_READ_ONLY_RUN_BY_OTHERS = re.compile(
    rb"(?P<name>[\w./-]*(?:"
    + b"|".join(re.escape("/".join(names)).encode() for names in sorted(RUN_BY_OTHERS))
    + rb"))\b[^\n]{0,200}(?:Read-only file system|Device or resource busy)",
    re.IGNORECASE,
)
_HELD = re.compile(rb"Device or resource busy", re.IGNORECASE)
_READ_ONLY = re.compile(rb"Read-only file system", re.IGNORECASE)
_READ_ONLY_SAID = re.compile(rb": Read-only file system\s*$|\[Errno 30\]|\bEROFS\b", re.MULTILINE)
"""The same as programs end their complaints."""


def sandbox_note(
    output: bytes, policy: Policy, limits: Limits, *, failed: bool, turned_away: bool = False
) -> list[str]:
    """Sentences on what in ``output`` looks like the sandbox's doing; empty where nothing does.

    A pipe may hide that a command ``failed``; what is said unmistakably is explained all the same, and so is
    what was ``turned_away`` from the network, though nothing is said of it.
    """
    notes: list[str] = []
    refused = _OFFLINE.search(output) or (policy.allow and _NOT_ALLOWED.search(output))
    if not policy.network and (turned_away or _NETWORK.search(output) or refused):
        only = f" but by the proxy in http_proxy, to {', '.join(policy.allow)}" if policy.allow else ""
        notes.append(f"The sandbox has no network{only}.")
    if limits.processes is not None and _TOO_MANY.search(output):
        notes.append(f"The sandbox lets a command have {limits.processes} processes and threads at once.")
    if _TRACED.search(output):
        notes.append("The sandbox refuses what leak checking needs: set ASAN_OPTIONS=detect_leaks=0.")
    if policy.unix_sockets and _REFUSED.search(output) and _CONNECTS.search(output):
        notes.append(
            "The sandbox lets commands reach Unix stream sockets of their own in /tmp, and no others."
        )
    elif not policy.unix_sockets and _REFUSED.search(output) and _UNIX_SOCKET.search(output):
        notes.append("The sandbox refuses Unix sockets, which multiprocessing managers and forkserver need.")
    if not policy.writable_git and _READ_ONLY_GIT.search(output):
        notes.append("The sandbox keeps .git read-only.")
    elif _READ_ONLY_CONFIGURATION.search(output):
        notes.append("The sandbox keeps .seedsmith, the agent's own configuration, read-only.")
    elif held := _READ_ONLY_RUN_BY_OTHERS.search(output):
        name = held["name"].decode()
        notes.append(f"The sandbox keeps {name} read-only: other programs run it. {ASK_FOR_IT}")
    elif _HELD.search(output):
        notes.append("The sandbox holds .git, and files that other programs run (.envrc and its like), fast.")
    elif (_READ_ONLY if failed else _READ_ONLY_SAID).search(output):
        notes.append("The sandbox lets commands write the workspace and /tmp alone.")
    return notes
