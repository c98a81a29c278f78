"""Where a page may be opened: what the address means, and whether the user lets the browser go there."""

from __future__ import annotations

import ipaddress
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.isolation.base import has_network
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.network.allowed_hosts import Allowed
from seedsmith.sandbox.workspace.workspace import Workspace
from seedsmith.tools.base import ToolError
from seedsmith.tools.text import shown_path

FILES_HOST = "workspace.localhost"
"""The host by whose name pages reach files of the workspace; nothing listens there."""


@dataclass(frozen=True, slots=True)
class Address:
    """What is opened."""

    url: str
    folder: str = ""
    """Of the workspace, that its absolute paths begin at; '' for the workspace itself, or a server's page."""


def address_of(asked: str, workspace: Workspace, processes: ProcessRunner) -> Address:
    """What ``asked`` means: a path of the workspace, or an http address. Raises :class:`ToolError`."""
    text = asked.strip()
    if _is_host(text):
        text = f"http://{text}"
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018
    except ValueError:
        raise ToolError(f"browser: {text!r:.200} is no address.") from None
    if text == "about:blank":
        return Address(text)
    if parts.scheme in ("http", "https"):
        _check(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80), processes)
        return Address(text)
    if parts.scheme == "file":
        return _file(unquote(parts.path), parts.query, parts.fragment, workspace)
    if parts.scheme:
        raise ToolError(f"browser: {parts.scheme!r:.40} addresses are not opened; http, https and files are.")
    return _file(parts.path, parts.query, parts.fragment, workspace)


def _is_host(text: str) -> bool:
    """Whether it reads ``HOST:PORT``, perhaps with a path."""
    host, _, rest = text.partition(":")
    return bool(host) and rest.partition("/")[0].isdigit()


def _check(host: str, port: int, processes: ProcessRunner) -> None:
    if _is_loopback(host) or has_network(processes.isolation, processes.policy):
        return
    allow = processes.policy.allow
    if allow and Allowed(allow).names(host, port):
        return
    raise ToolError(
        f"browser: {host}:{port} is another host, and this session reaches none but what --network names; "
        "pages of this machine (http://127.0.0.1:PORT) and files of the workspace can be opened."
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _file(path: str, query: str, fragment: str, workspace: Workspace) -> Address:
    relative = workspace.relative(path)
    if not workspace.exists(relative):
        raise ToolError(
            f"browser: {shown_path(path)} does not exist; name a file, or http://127.0.0.1:PORT/."
        )
    if workspace.stat(relative).kind == "folder":
        relative = f"{relative}/index.html".removeprefix("./")
        if not workspace.exists(relative):
            raise ToolError(f"browser: {shown_path(path)} is a folder without index.html; name a file in it.")
    if relative.startswith("/"):
        raise ToolError(f"browser: {shown_path(path)} is outside the workspace.")
    url = urlunsplit(("http", FILES_HOST, "/" + quote(relative), query, fragment))
    return Address(url, relative.rpartition("/")[0])
