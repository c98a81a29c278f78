"""What the sandbox has to say about a failed command, so that nobody takes a refusal for a bug."""

from __future__ import annotations

import re

from seedsmith.sandbox.isolation.base import Policy

_REFUSED = re.compile(rb"PermissionError|Operation not permitted|EPERM|os error 1\b")
_UNIX_SOCKET = re.compile(
    rb"AF_UNIX|socket\.py|unix socket|forkserver|multiprocessing[/.]managers|\.sock\b", re.IGNORECASE
)
_NETWORK = re.compile(
    rb"Temporary failure in name resolution|Could not resolve host|Network is unreachable|ENETUNREACH"
    rb"|EAI_AGAIN|no such host|Name or service not known|Connection refused.{0,40}:443",
    re.IGNORECASE,
)
_READ_ONLY_GIT = re.compile(
    rb"\.git/[^\n]{0,200}Read-only file system|\.git[^\n]{0,80}read-only", re.IGNORECASE
)
_READ_ONLY_CONFIGURATION = re.compile(rb"\.seedsmith\b[^\n]{0,200}Read-only file system", re.IGNORECASE)


def sandbox_note(output: bytes, policy: Policy) -> list[str]:
    """Sentences on what in ``output`` looks like the sandbox's doing; empty where nothing does."""
    notes: list[str] = []
    if not policy.unix_sockets and _REFUSED.search(output) and _UNIX_SOCKET.search(output):
        notes.append("The sandbox refuses Unix sockets, which multiprocessing managers and forkserver need.")
    if not policy.network and _NETWORK.search(output):
        notes.append("The sandbox has no network.")
    if not policy.writable_git and _READ_ONLY_GIT.search(output):
        notes.append("The sandbox keeps .git read-only.")
    if _READ_ONLY_CONFIGURATION.search(output):
        notes.append("The sandbox keeps .seedsmith, the agent's own configuration, read-only.")
    return notes
