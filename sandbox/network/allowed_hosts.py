"""What ``--network allow=HOST[:PORT],…`` names, and whether a connection is among it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from seedsmith.sandbox.lazy_dataclass import dataclass

MOST_ENTRIES = 32
WEB_PORTS = (80, 443)
"""What an entry without a port means."""
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
"""What commands reach directly, since it means their own loopback; what is named of it is passed on."""
_NAME = re.compile(r"(?:\*\.)?[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_CARRIERS = tuple(map(IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "::/96")))
"""Networks whose addresses end with one of the older kind, which they lead to."""
_WIDEST_PRIVATE = {4: 8, 6: 7}
"""The bits of the widest private networks: what is wider names public addresses alone."""

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Entry:
    """One host, by name or address, or a network, and one port or those of the web."""

    name: str
    """Lower case; ``*.`` before it stands for every name below it. '' for an address or a network."""
    network: Network | None
    ports: tuple[int, ...]

    def holds(self, address: Address, port: int) -> bool:
        """Whether the address itself is named."""
        if self.network is None:
            return self.name == "localhost" and port in self.ports and address.is_loopback
        named = self.network.version == address.version and address in self.network and port in self.ports
        return named and (_is_public(address) or self.network.prefixlen >= _WIDEST_PRIVATE[address.version])


class Allowed:
    """The entries together."""

    def __init__(self, entries: Sequence[str]) -> None:
        """Raises ValueError, with what is wrong, for an entry that can't be read."""
        if len(entries) > MOST_ENTRIES:
            raise ValueError(f"must name at most {MOST_ENTRIES} hosts")
        self.entries = tuple(map(_entry, entries))

    def names(self, host: str, port: int) -> bool:
        """Whether a connection to ``host``, as the command calls it, is named."""
        address = _address(host)
        if address is not None:
            return any(entry.holds(address, port) for entry in self.entries)
        name = host.lower().removesuffix(".")
        if not _NAME.fullmatch(name) or name.startswith("*"):
            return False
        return any(port in entry.ports and _is_named(name, entry.name) for entry in self.entries)

    def may_lead_to(self, address: str, port: int) -> bool:
        """Whether a name that is allowed may lead to ``address``: private ones must be named themselves."""
        found = _address(address)
        return found is not None and (
            _is_public(found) or any(entry.holds(found, port) for entry in self.entries)
        )

    def on_loopback(self) -> tuple[tuple[str, int], ...]:
        """The hosts and ports of this machine's loopback that are named one by one."""
        found = ((entry, host) for entry in self.entries for host in _loopback_of(entry))
        return tuple((host, port) for entry, host in found for port in entry.ports)


def _entry(text: str) -> Entry:
    wrong = ValueError(f"must name hosts as HOST or HOST:PORT, which {text!r} is not")
    host, port = _parted(text.strip().lower())
    if port and not (port.isascii() and port.isdigit() and 0 < int(port) < 1 << 16):
        raise wrong
    ports = (int(port),) if port else WEB_PORTS
    try:
        return Entry("", ip_network(host, strict=False), ports)
    except ValueError:
        name = host.removesuffix(".")
    if not _NAME.fullmatch(name):
        raise wrong
    return Entry(name, None, ports)


def _parted(text: str) -> tuple[str, str]:
    """Host and port, '' where there is none; an IPv6 address stands in brackets or has no port."""
    if text.startswith("[") and "]" in text:
        host, _, port = text[1:].partition("]")
        return host, port.removeprefix(":")
    host, _, port = text.partition(":")
    return (text, "") if ":" in port else (host, port)


def _is_named(name: str, entry: str) -> bool:
    return name == entry or (entry.startswith("*.") and name.endswith(entry[1:]))


def _loopback_of(entry: Entry) -> tuple[str, ...]:
    if entry.name == "localhost":
        return LOOPBACK_NAMES[1:]
    single = entry.network is not None and entry.network.num_addresses == 1
    host = str(entry.network.network_address) if single and entry.network is not None else ""
    return (host,) if host in LOOPBACK_NAMES else ()


def _address(text: str) -> Address | None:
    """The address ``text`` is, what is packed into another unpacked; None for a name."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        packed = address.ipv4_mapped or address.sixtofour
        if packed is None and int(address) > 1 and any(address in carrier for carrier in _CARRIERS):
            packed = IPv4Address(int(address) & 0xFFFFFFFF)
        return packed or address
    return address


def _is_public(address: Address) -> bool:
    old = isinstance(address, IPv6Address) and address.is_site_local
    return address.is_global and not address.is_multicast and not old
