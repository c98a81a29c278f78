"""What the kernel counts of connections that led nowhere, in the network that a process is in."""

from __future__ import annotations

import re
from functools import cache

_NO_ROUTE_V6 = re.compile(r"^Ip6OutNoRoutes\s+([0-9]+)$", re.MULTILINE)
_LOCAL_RESOLVER = re.compile(r"^\s*nameserver\s+(?:127\.|::1\b)", re.MULTILINE)


def kernel_refusals(process: int) -> int:
    """How often something in the network of ``process`` wanted to go where no route leads.

    Where names are asked of this machine itself, whose service is not in that network, questions that
    nobody took count as well.
    """
    counters = _read(f"/proc/{process}/net/snmp")
    found = _counter(counters, "Ip", "OutNoRoutes")
    if _asks_itself():
        found += _counter(counters, "Udp", "NoPorts")
    v6 = _NO_ROUTE_V6.search(_read(f"/proc/{process}/net/snmp6"))
    return found + (int(v6[1]) if v6 is not None else 0)


def _counter(text: str, group: str, name: str) -> int:
    rows = [line.split() for line in text.splitlines() if line.startswith(f"{group}: ")]
    if len(rows) != 2 or name not in rows[0] or len(rows[0]) != len(rows[1]):
        return 0
    return int(rows[1][rows[0].index(name)])


@cache
def _asks_itself() -> bool:
    return bool(_LOCAL_RESOLVER.search(_read("/etc/resolv.conf")))


def _read(file: str) -> str:
    try:
        with open(file, "rb", 0) as opened:  # noqa: PTH123
            return opened.read().decode("ascii", "replace")
    except OSError:
        return ""
