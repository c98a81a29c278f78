"""Explains why there is no connection, in words that a person can act on."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

from seedsmith.agent.models.address import shown
from seedsmith.agent.models.tries.retry import Unreachable
from seedsmith.sandbox.lazy_dataclass import dataclass

_TRUST = (
    "where that is right, give the certificate of the authority that signed it with --ca-bundle FILE "
    "or SSL_CERT_FILE"
)
_NO_SUCH_TRUST = frozenset({2, 18, 19, 20, 21})
"""OpenSSL's ``X509_V_ERR_*`` for a certificate signed by nobody who is trusted."""
_UNFINISHED_HANDSHAKE = (ssl.SSLWantReadError, ssl.SSLWantWriteError, ssl.SSLEOFError, ssl.SSLZeroReturnError)
_EXPIRED, _NOT_YET_VALID, _OTHER_HOST, _OTHER_ADDRESS = 10, 9, 62, 64
_NO_ROUTE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN})


@dataclass(frozen=True, slots=True)
class Route:
    """The way to a service."""

    base_url: str
    proxy: str | None
    connect_seconds: float

    @property
    def next_stop(self) -> str:
        """What is connected to first, in words without a password."""
        if self.proxy is not None:
            return f"the proxy {shown(self.proxy)}"
        parts = urlsplit(self.base_url)
        return parts.netloc.rpartition("@")[2]


def explain(error: BaseException, route: Route) -> Unreachable:
    """``error``, raised before a request could be sent, as one that says what to do."""
    import httpx2

    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _untrusted(cause)
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, _UNFINISHED_HANDSHAKE):
            return _no_tls(route)
    if any(isinstance(cause, httpx2.ProxyError) for cause in causes):
        return proxy_refused(str(error), route)
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        named = route.next_stop
        return Unreachable(f"the name of {named} can't be resolved", "unresolved", _address_advice(route))
    if any(isinstance(cause, httpx2.TimeoutException | TimeoutError) for cause in causes):
        why = f"{route.next_stop} doesn't answer within {route.connect_seconds:g} s"
        return Unreachable(why, "connect_timeout", _silent_advice(route))
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return Unreachable(
            f"{route.next_stop} refuses the connection: nothing listens there",
            "connection_refused",
            _address_advice(route),
        )
    if any(isinstance(cause, OSError) and cause.errno in _NO_ROUTE for cause in causes):
        return Unreachable(f"there is no way to {route.next_stop}", "no_route", _address_advice(route))
    if route.proxy is not None and urlsplit(route.proxy).scheme.startswith("socks"):
        return Unreachable(
            f"{route.next_stop} doesn't answer as a SOCKS proxy does", "proxy_failed", _address_advice(route)
        )
    if urlsplit(route.base_url).scheme == "https":
        return Unreachable("the connection was closed before it was secure", advice=_address_advice(route))
    return Unreachable(_words(error), advice=_address_advice(route))


def proxy_refused(words: str, route: Route) -> Unreachable:
    """The proxy answered, and would not; ``words`` are its status and reason, or what SOCKS said."""
    if words.startswith("407") or "username/password" in words.lower() or "but got" in words:
        return Unreachable(
            f"{route.next_stop} wants a user and password, or others than it was given",
            "proxy_authentication",
            "put them into the proxy's address, as in http://USER:PASSWORD@HOST:PORT",
            lasting=True,
        )
    return Unreachable(
        f"{route.next_stop} can't reach it: {words.strip() or 'it does not say why'}",
        "proxy_failed",
        "check the address, the proxy, and whether NO_PROXY should name the host",
    )


def network_login() -> Unreachable:
    """The network answered that it requires a login (RFC 6585 §6)."""
    return Unreachable(
        "this network wants a sign-in first", "network_login", "sign in to it in a browser", lasting=True
    )


def _untrusted(error: ssl.SSLCertVerificationError) -> Unreachable:
    if error.verify_code in (_EXPIRED, _NOT_YET_VALID):
        advice = "check this machine's clock, or tell whoever runs the service"
    elif error.verify_code in (_OTHER_HOST, _OTHER_ADDRESS):
        advice = "check that the address names the host as its certificate does"
    else:
        advice = _TRUST
    why = error.verify_message or "it can't be verified"
    if error.verify_code in _NO_SUCH_TRUST:
        why = f"nobody who is trusted signed it: {why}"
    return Unreachable(f"its certificate is not accepted: {why}", "certificate", advice, lasting=True)


def _no_tls(route: Route) -> Unreachable:
    if route.proxy is not None and urlsplit(route.proxy).scheme == "https":
        return Unreachable(
            f"it or {route.next_stop} doesn't speak TLS",
            "no_tls",
            "check whether one of the two addresses should begin with http://",
            lasting=True,
        )
    return Unreachable(
        "what answers there doesn't speak TLS",
        "no_tls",
        "check the port, and whether the address should begin with http://",
        lasting=True,
    )


def _address_advice(route: Route) -> str:
    if route.proxy is not None:
        return "check the proxy's address (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY) and the network"
    return "check the address and the network"


def _silent_advice(route: Route) -> str:
    if route.proxy is not None:
        return _address_advice(route)
    return "check the address and the network; behind a firewall, name the proxy in HTTPS_PROXY"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """``error`` and what caused it, groups looked into."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        cause = waiting.pop(0)
        if cause is None or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        if isinstance(cause, BaseExceptionGroup):
            waiting += cause.exceptions
        waiting += [cause.__cause__, cause.__context__]


def _words(error: BaseException) -> str:
    return str(error) or type(error).__name__
