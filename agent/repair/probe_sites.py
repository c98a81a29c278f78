"""Where the probes of a program stand, and in which order they are used to experiment on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from seedsmith.sandbox.lazy_dataclass import dataclass

_FIRST = 6
"""So many experiments are made on a line before those on the next."""
_CHANGES = {
    "boolean": ("not",),
    "number": ("+1", "-1", "neg", "0", "1"),
    "array": ("copy", "empty"),
    "object": ("copy", "empty"),
    "string": ("empty",),
    "integer": ("+1", "-1", "0"),
}
"""What is tried on a value of each kind."""
_RARER = frozenset({"neg", "0", "1", "empty"})


@dataclass(frozen=True, slots=True)
class Site:
    """One place of a program that can be experimented on."""

    path: str
    line: int
    kind: str
    """``predicate``, ``value``, ``base`` (something of it is used) or ``statement``."""


def planned(
    sites: Sequence[Site], seen: Mapping[int, set[str]], suspicion: Mapping[str, Mapping[int, float]]
) -> list[str]:
    """The experiments as ``SITE:CHANGE``, the most suspicious lines' and the likeliest changes first."""
    lines: dict[tuple[str, int], list[tuple[int, str]]] = {}
    for number, kinds in sorted(seen.items()):
        if number < len(sites):
            site = sites[number]
            changes = _changes(site, kinds)
            lines.setdefault((site.path, site.line), []).extend((number, change) for change in changes)
    found: list[tuple[int, float, str]] = []
    for (path, line), tries in lines.items():
        score = suspicion.get(path, {}).get(line, 0.0)
        tries.sort(key=lambda each: _rank(sites[each[0]], each[1]))
        found += [(place // _FIRST, -score, f"{n}:{change}") for place, (n, change) in enumerate(tries)]
    found.sort(key=lambda each: each[:2])
    return [name for _, _, name in found]


def _changes(site: Site, kinds: set[str]) -> Iterator[str]:
    if site.kind in ("predicate", "statement"):
        yield "not"
        return
    for kind in sorted(kinds):
        if kind.startswith("="):
            yield kind
        elif site.kind == "value" or kind == "number":
            yield from _CHANGES.get(kind, ())


def _rank(site: Site, change: str) -> int:
    return 2 if change in _RARER or site.kind == "statement" else int(change[0] in "+-=")
