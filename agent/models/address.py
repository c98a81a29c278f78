"""Where a service is: its base URL, and the proxy on the way."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from agent.errors import UsageError


def check_base_url(base_url: str) -> SplitResult:
    """The parts of ``base_url``; raises :class:`UsageError` where no service can be behind it."""
    try:
        parts = urlsplit(base_url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(f"A base URL looks like https://host/v1, not {base_url!r}.")
    return parts


def shown(base_url: str) -> str:
    """``base_url`` for messages: without a user and password."""
    parts = urlsplit(base_url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine by name or address."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def proxy_for(base_url: str, environment: Mapping[str, str]) -> str | None:
    """The proxy the environment names for ``base_url``; None for loopback and for ``NO_PROXY`` hosts.

    A SOCKS proxy needs a package that isn't installed: it is passed over where an HTTP proxy is
    named too, else it is a :class:`UsageError`.
    """
    parts = check_base_url(base_url)
    host = parts.hostname or ""
    if is_loopback(host) or _excepted(host, environment):
        return None
    names = (f"{parts.scheme}_proxy", "all_proxy")
    found = [environment.get(name) or environment.get(name.upper()) or "" for name in names]
    proxies = [proxy if "://" in proxy else f"http://{proxy}" for proxy in found if proxy]
    usable = [proxy for proxy in proxies if urlsplit(proxy).scheme in ("http", "https")]
    if proxies and not usable:
        wanted = f"{parts.scheme.upper()}_PROXY"
        raise UsageError(f"The proxy for {host} is not an HTTP one: set {wanted} to one, or NO_PROXY={host}.")
    return usable[0] if usable else None


def _excepted(host: str, environment: Mapping[str, str]) -> bool:
    listed = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    names = [name.strip().lstrip(".").lower() for name in listed.split(",") if name.strip()]
    return any(name == "*" or host == name or host.endswith(f".{name}") for name in names)
