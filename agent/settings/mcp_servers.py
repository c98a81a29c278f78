"""Which MCP servers there are: the user's, and those of the repository that the user trusts.

Both are written as other programs write them, ``{"mcpServers": {NAME: {"command": …}}}``: the user's in
``mcp.json`` beside ``config.yaml``, a repository's in ``.mcp.json`` at its top.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedsmith.agent.errors import ConfigurationError
from seedsmith.agent.settings.json_file import json_object
from seedsmith.agent.settings.yaml_file import read_small, user_folder
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.skills.trust import TrustedDigests

if TYPE_CHECKING:
    from seedsmith.tools.mcp.servers import Entry, Origin, Server

USER_FILE = "mcp.json"
REPOSITORY_FILE = ".mcp.json"
TRUST_FILE = "trusted-mcp-servers.json"
MEMORY_FOLDER = "mcp-servers"
MOST_BYTES = 256 << 10
_KEY = "mcpServers"


@dataclass(frozen=True, slots=True)
class Found:
    """One server that is written down, usable or not."""

    name: str
    origin: Origin
    entry: Entry | None = None
    """What is written; None where it can't be read."""
    server: Server | None = None
    """What can be used; None where ``why`` says why not."""
    digest: str = ""
    why: str = ""
    """Why it can't be used, completing "The MCP server NAME"; '' where it can."""


def mcp_file(environment: Mapping[str, str]) -> Path:
    """Where the user's servers stand."""
    return user_folder(environment) / USER_FILE


def trusted_servers(state: Path) -> TrustedDigests:
    """Where it is kept which of the repositories' servers the user trusts."""
    return TrustedDigests(state / TRUST_FILE)


def find_servers(workspace: Path, state: Path, environment: Mapping[str, str]) -> list[Found]:
    """Every server that is written down, the user's first; of two by one name the user's is taken.

    Raises :class:`ConfigurationError` for the user's own file; a repository's that is none is one that can't
    be used.
    """
    own = _user_entries(mcp_file(environment))
    try:
        theirs = _repository_entries(workspace)
    except ConfigurationError as error:
        return [*_found(own, "user", environment), Found(REPOSITORY_FILE, "repository", why=str(error))]
    found = _found(own, "user", environment)
    if not theirs:
        return found
    trusted = trusted_servers(state)
    names = {each.name for each in found}
    for each in _found(theirs, "repository", environment, trusted):
        if each.name in names:
            continue
        found.append(each)
    return found


def user_names(environment: Mapping[str, str]) -> frozenset[str]:
    """The names of the servers in the user's file; raises :class:`ConfigurationError`."""
    return frozenset(_user_entries(mcp_file(environment)))


def write_user_entry(environment: Mapping[str, str], name: str, entry: dict[str, Any] | None) -> bool:
    """Put the entry into the user's file, or take it out with None; whether there was one of that name."""
    from seedsmith.sandbox.atomic_file import write_atomically

    path = mcp_file(environment)
    whole = _read(path, read_small(path, MOST_BYTES))
    servers = _servers(path, whole)
    was = name in servers
    if entry is None:
        servers.pop(name, None)
    else:
        servers[name] = entry
    if was or entry is not None:
        whole[_KEY] = servers
        try:
            write_atomically(path, json.dumps(whole, indent=2, ensure_ascii=False).encode() + b"\n")
        except OSError as error:
            raise ConfigurationError(f"Can't write {path}: {error.strerror}.") from error
    return was


def _found(
    entries: Mapping[str, Any],
    origin: Origin,
    environment: Mapping[str, str],
    trusted: TrustedDigests | None = None,
) -> list[Found]:
    from seedsmith.tools.mcp.servers import MOST_SERVERS, ServerError, digest_of, read_entry, server_of

    found: list[Found] = []
    for name, given in list(entries.items())[:MOST_SERVERS]:
        try:
            entry = read_entry(name, given)
        except ServerError as error:
            found.append(Found(name, origin, why=str(error)))
            continue
        digest = digest_of(name, entry)
        known = Found(name, origin, entry, digest=digest)
        if entry.disabled:
            found.append(_unusable(known, "is disabled"))
        elif trusted is not None and not trusted.holds(digest):
            why = f"comes from the repository and is not trusted: read {REPOSITORY_FILE}, then"
            found.append(_unusable(known, f"{why} `seedsmith mcp trust {name}`"))
        else:
            try:
                server = server_of(name, entry, origin, environment)
                found.append(Found(name, origin, entry, server, digest))
            except ServerError as error:
                found.append(_unusable(known, str(error)))
    return found


def _unusable(found: Found, why: str) -> Found:
    from dataclasses import replace

    return replace(found, why=why)


def _user_entries(path: Path) -> dict[str, Any]:
    content = read_small(path, MOST_BYTES)
    return {} if content is None else _servers(path, _read(path, content))


def _repository_entries(workspace: Path) -> dict[str, Any]:
    """The repository's servers; the file is read as tools read, so no link leads out of the workspace."""
    if not (workspace / REPOSITORY_FILE).exists():
        return {}
    from seedsmith.sandbox.errors import PathError, PathNotFound, WorkspaceError
    from seedsmith.sandbox.workspace.workspace import Workspace

    try:
        with Workspace(workspace) as opened:
            content = opened.read_bytes(REPOSITORY_FILE, cap=MOST_BYTES)
    except (WorkspaceError, PathNotFound):
        return {}
    except PathError as error:
        raise ConfigurationError(str(error)) from None
    path = Path(REPOSITORY_FILE)
    return _servers(path, _read(path, content))


def _read(path: Path, content: bytes | None) -> dict[str, Any]:
    return json_object(path, content, f'must hold an object with "{_KEY}"')


def _servers(path: Path, whole: dict[str, Any]) -> dict[str, Any]:
    found = whole.get(_KEY, {})
    if not isinstance(found, dict):
        raise ConfigurationError(f'{path}: "{_KEY}" must be an object, a server by each name.')
    return dict(found)
