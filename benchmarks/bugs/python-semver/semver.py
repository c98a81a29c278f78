"""Semantic versions: parsing, precedence, ranges (semver.org, version 2.0.0)."""

import re
from dataclasses import dataclass
from functools import total_ordering

_PATTERN = re.compile(
    r"^v?(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+([0-9A-Za-z.-]+))?$"
)


@total_ordering
@dataclass(frozen=True)
class Version:
    """One version; build metadata is kept but takes no part in comparisons."""

    major: int
    minor: int
    patch: int
    prerelease: tuple = ()
    build: str = ""

    @classmethod
    def parse(cls, text):
        match = _PATTERN.match(text.strip())
        if match is None:
            raise ValueError(f"not a version: {text!r}")
        major, minor, patch, prerelease, build = match.groups()
        return cls(
            int(major),
            int(minor),
            int(patch),
            tuple(prerelease.split(".")) if prerelease else (),
            build or "",
        )

    def __str__(self):
        text = f"{self.major}.{self.minor}.{self.patch}"
        if self.prerelease:
            text += "-" + ".".join(self.prerelease)
        return text + (f"+{self.build}" if self.build else "")

    def _key(self):
        released = not self.prerelease
        return (self.major, self.minor, self.patch, released, tuple(map(_identifier_key, self.prerelease)))

    def __eq__(self, other):
        return self._key() == other._key()

    def __lt__(self, other):
        return self._key() < other._key()

    def __hash__(self):
        return hash(self._key())

    def bump(self, part):
        """The next version; ``part`` is ``major``, ``minor`` or ``patch``."""
        if part == "major":
            return Version(self.major + 1, 0, 0)
        if part == "minor":
            return Version(self.major, self.minor + 1, 0)
        if part == "patch":
            return Version(self.major, self.minor, self.patch + (0 if self.prerelease else 1))
        raise ValueError(f"unknown part: {part}")


def _identifier_key(identifier):
    """Numbers come before words."""
    return (0, int(identifier), "") if identifier.isdigit() else (1, 0, identifier)


def satisfies(version, requirement):
    """Whether ``version`` meets a caret or an exact requirement, e.g. ``^1.2.0``."""
    if not requirement.startswith("^"):
        return version == Version.parse(requirement)
    lowest = Version.parse(requirement[1:])
    if lowest.major > 0:
        highest = lowest.bump("major")
    elif lowest.minor > 0:
        highest = lowest.bump("minor")
    else:
        highest = Version(0, 0, lowest.patch + 1)
    return lowest <= version < highest


def latest(versions, requirement):
    """The highest of ``versions`` (strings) that meets ``requirement``, or None."""
    fitting = [version for version in map(Version.parse, versions) if satisfies(version, requirement)]
    return str(max(fitting)) if fitting else None
