"""The built-in skills: what every start tells of them stands in a file, and each is read at its first use."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.skills.skill import BUILT_IN, Origin, Skill

SUMMARIES = "built_in.json"
"""What is told of each; generated, see ``tests/test_generated.py``."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What is told of a skill before it is used; a :class:`Skill` has all of it, too."""

    name: str
    description: str
    tools: tuple[str, ...] | None
    model_may_call: bool
    fork: bool

    @property
    def folder(self) -> Path:
        """Where the skill is."""
        return BUILT_IN / self.name


class SkillsByName(Mapping[str, Skill]):
    """Skills in the order of their names; those that are given as a summary are read when they are asked for.

    Asking for one may raise :class:`seedsmith.skills.errors.ManifestError`.
    """

    def __init__(self, found: Iterable[Skill | Summary]) -> None:
        self._found = {each.name: each for each in sorted(found, key=lambda each: each.name)}

    def __getitem__(self, name: str) -> Skill:
        found = self._found[name]
        if isinstance(found, Summary):
            found = self._found[name] = read(found)
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._found

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def summaries(self) -> list[Skill | Summary]:
        """What is told of each; none is read for it."""
        return list(self._found.values())


def summaries() -> list[Summary]:
    """Those of all built-in skills."""
    document = json.loads(Path(__file__).with_name(SUMMARIES).read_text(encoding="utf-8"))
    return [
        Summary(name, each["description"], _tools(each["tools"]), each["callable"], each["fork"])
        for name, each in document.items()
    ]


def _tools(names: list[str] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(names)


def read(summary: Summary) -> Skill:
    """The built-in skill itself; raises :class:`seedsmith.skills.errors.ManifestError` where it is broken."""
    from seedsmith.skills.skill_folder import read_skill

    skill = read_skill(summary.folder, Origin.BUILT_IN)
    if not isinstance(skill, Skill):
        raise skill.errors[0]
    return skill
