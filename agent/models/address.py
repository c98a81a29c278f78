"""Where a service is: its base URL, and the proxy on the way."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from seedsmith.agent.errors import UsageError

_PROXY_SCHEMES = frozenset({"http", "https", "socks5", "socks5h"})
_ENDPOINTS = ("/chat/completions", "/completions", "/responses")
"""What the wires add to a base URL (docs/model-service.md, "Services")."""
_PORTS = {"http": 80, "https": 443}


def check_base_url(base_url: str) -> SplitResult:
    """The parts of ``base_url``; raises :class:`UsageError` where no service can be behind it."""
    try:
        parts = urlsplit(base_url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(f"A base URL looks like https://host/v1, not {base_url!r}.")
    if "?" in base_url or "#" in base_url:
        raise UsageError("A base URL looks like https://host/v1: leave out what begins with ? or #.")
    return parts


def service_root(base_url: str) -> str:
    """``base_url`` without the endpoint that documents print behind it, and without a slash at its end."""
    root = base_url.rstrip("/")
    endpoint = next((each for each in _ENDPOINTS if root.endswith(each)), "")
    return root.removesuffix(endpoint).rstrip("/")


def shown(base_url: str) -> str:
    """``base_url`` for messages: without a user and password."""
    parts = urlsplit(base_url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine, by name or by an address in any form that a resolver takes."""
    host = host.lower().removesuffix(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        try:
            address = ip_address(socket.inet_aton(host))  # 127.1, 0x7f000001
        except OSError:
            return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_loopback or address.is_unspecified


def proxy_for(base_url: str, environment: Mapping[str, str]) -> str | None:
    """The proxy the environment names for ``base_url``; None for loopback and for ``NO_PROXY`` hosts.

    ``https_proxy`` or ``http_proxy``, by the URL's scheme, goes before ``all_proxy``, and lower case
    before upper case, as with curl. Raises :class:`UsageError` for an address that is no proxy's; the
    message doesn't repeat it, since it may hold a password.
    """
    parts = check_base_url(base_url)
    host = (parts.hostname or "").removesuffix(".")
    if is_loopback(host) or _excepted(host, parts.port or _PORTS[parts.scheme], environment):
        return None
    for name in (f"{parts.scheme}_proxy", "all_proxy"):
        for variable in (name, name.upper()):
            if value := environment.get(variable, "").strip():
                return _checked_proxy(variable, value, host)
    return None


def _checked_proxy(variable: str, value: str, host: str) -> str:
    url = value if "://" in value else f"http://{value}"
    try:
        parts = urlsplit(url)
        scheme = {"socks": "socks5"}.get(parts.scheme, parts.scheme)
        usable = scheme in _PROXY_SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(
            f"{variable} names no proxy that can be used: it looks like http://HOST:PORT, "
            f"socks5://HOST:PORT or socks5h://HOST:PORT; NO_PROXY={host} goes without one."
        )
    if parts.port is None and scheme.startswith("socks"):
        parts = parts._replace(netloc=f"{parts.netloc}:1080")
    return parts._replace(scheme=scheme, path="", query="", fragment="").geturl()


def _excepted(host: str, port: int, environment: Mapping[str, str]) -> bool:
    """Whether ``NO_PROXY`` names the host: ``*``, a domain, ``host:port``, an address or a network."""
    listed = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    return any(
        _matches(entry.lower(), host.lower(), port) for part in listed.split(",") for entry in part.split()
    )


def _matches(entry: str, host: str, port: int) -> bool:
    if entry == "*":
        return True
    name, entry_port = _without_port(entry)
    if entry_port is not None and entry_port != port:
        return False
    try:
        address = ip_address(host)
    except ValueError:
        domain = name.removeprefix("*").strip(".")
        return bool(domain) and (host == domain or host.endswith(f".{domain}"))
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    try:
        return address in ip_network(name, strict=False)
    except ValueError:
        return False


def _without_port(entry: str) -> tuple[str, int | None]:
    """``host:8080`` and ``[::1]:8080`` in two parts; a bare IPv6 address has no port."""
    if entry.startswith("["):
        name, _, rest = entry[1:].partition("]")
        port = rest.removeprefix(":")
    elif entry.count(":") == 1:
        name, _, port = entry.partition(":")
    else:
        name, port = entry, ""
    return name, int(port) if port.isdecimal() and port.isascii() else None
