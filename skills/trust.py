"""Stores what of repositories the user trusts, by digests: of a skill, that of its whole folder."""

from __future__ import annotations

import json
import time
from pathlib import Path

from seedsmith.sandbox.atomic_file import write_atomically
from seedsmith.sandbox.errors import SandboxError
from seedsmith.skills.errors import SkillError
from seedsmith.skills.skill import Skill

FILE = "trusted-skills.json"


class TrustedDigests:
    """The digests trusted so far, in a file of the state folder; a damaged file trusts nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def holds(self, identity: str) -> bool:
        """Whether ``identity`` is trusted."""
        return identity in self._read()

    def add(self, identity: str, name: str, **more: str) -> None:
        """Trust ``identity``, which is of what is called ``name``; raises :class:`SkillError`."""
        known = self._read()
        known[identity] = {"name": name, **more, "time": int(time.time())}
        self._write(known)

    def forget(self, name: str) -> int:
        """Trust nothing called ``name`` any more; returns how many digests that were."""
        known = self._read()
        kept = {identity: entry for identity, entry in known.items() if entry.get("name") != name}
        if len(kept) < len(known):
            self._write(kept)
        return len(known) - len(kept)

    @property
    def empty(self) -> bool:
        """Whether nothing is trusted."""
        return not self._read()

    def _read(self) -> dict[str, dict[str, object]]:
        try:
            found = json.loads(self._path.read_bytes())
        except (OSError, ValueError):
            return {}
        if not isinstance(found, dict):
            return {}
        return {identity: entry for identity, entry in found.items() if isinstance(entry, dict)}

    def _write(self, known: dict[str, dict[str, object]]) -> None:
        try:
            write_atomically(self._path, json.dumps(known, indent=1).encode())
        except OSError as error:
            raise SkillError(f"Can't write {self._path}: {error.strerror}.") from error


class TrustStore:
    """The skills trusted so far."""

    def __init__(self, home: Path) -> None:
        self._digests = TrustedDigests(home / FILE)

    def trusts(self, skill: Skill) -> str:
        """The skill's identity where every byte of it is what was trusted; '' where not."""
        if self._digests.empty:
            return ""
        try:
            identity = _identity(skill)
        except (SandboxError, OSError):
            return ""
        return identity if self._digests.holds(identity) else ""

    def trust(self, skill: Skill) -> str:
        """Trust the skill as it is now and return its digest; raises :class:`SkillError`."""
        try:
            identity = _identity(skill)
        except (SandboxError, OSError) as error:
            raise SkillError(f"The skill {skill.name} can't be trusted: {error}") from error
        self._digests.add(identity, skill.name, folder=str(skill.folder))
        return identity

    def forget(self, name: str) -> int:
        """Trust no version of the skill called ``name`` any more; returns how many there were."""
        return self._digests.forget(name)


def _identity(skill: Skill) -> str:
    from seedsmith.skills.skill_folder import identity

    return identity(skill)
