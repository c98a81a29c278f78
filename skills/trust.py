"""Stores which skills of repositories the user trusts, by the digests of their whole folders."""

from __future__ import annotations

import json
import time
from pathlib import Path

from seedsmith.sandbox.errors import SandboxError
from seedsmith.sandbox.whole_file import write_whole
from seedsmith.skills.errors import SkillError
from seedsmith.skills.folder import digest
from seedsmith.skills.skill import Skill

FILE = "trusted-skills.json"


class TrustStore:
    """The digests trusted so far, in a file of the state folder; a damaged file trusts nothing."""

    def __init__(self, home: Path) -> None:
        self._path = home / FILE

    def trusts(self, skill: Skill) -> str:
        """The digest of the skill's folder where every byte of it is what was trusted; '' where not."""
        known = self._read()
        if not known:
            return ""
        try:
            identity = digest(skill.folder)
        except (SandboxError, OSError):
            return ""
        return identity if identity in known else ""

    def trust(self, skill: Skill) -> str:
        """Trust the skill as it is now and return its digest; raises :class:`SkillError`."""
        try:
            identity = digest(skill.folder)
        except (SandboxError, OSError) as error:
            raise SkillError(f"The skill {skill.name} can't be trusted: {error}") from error
        known = self._read()
        known[identity] = {"name": skill.name, "folder": str(skill.folder), "time": int(time.time())}
        self._write(known)
        return identity

    def forget(self, name: str) -> int:
        """Trust no version of the skill called ``name`` any more; returns how many there were."""
        known = self._read()
        kept = {identity: entry for identity, entry in known.items() if entry.get("name") != name}
        if len(kept) < len(known):
            self._write(kept)
        return len(known) - len(kept)

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
            write_whole(self._path, json.dumps(known, indent=1).encode())
        except OSError as error:
            raise SkillError(f"Can't write {self._path}: {error.strerror}.") from error
