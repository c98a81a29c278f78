"""Small skills on the disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from seedsmith.skills.skill import BrokenSkill, Origin
from seedsmith.skills.skill_folder import read_skill

SMALLEST = "name: tidy\ndescription: Tidies up.\ninstructions: Do it.\n"


class SkillFolders:
    """Writes skills into a folder of the test's own."""

    def __init__(self, root: Path):
        self.root = root

    def write(self, files: dict[str, str | bytes], name: str = "tidy") -> Path:
        folder = self.root / name
        for path, content in files.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode() if isinstance(content, str) else content)
        return folder

    def own(self, more: str = "", name: str = "tidy", **files: str):
        """A ``skill.yaml`` of the smallest kind and ``more``, read."""
        text = SMALLEST.replace("tidy", name) + more
        return read_skill(self.write({"skill.yaml": text, **files}, name), Origin.USER)

    def published(self, text: str | bytes, name: str = "tidy"):
        return read_skill(self.write({"SKILL.md": text}, name), Origin.USER)

    def errors(self, broken) -> list[str]:
        assert isinstance(broken, BrokenSkill), broken
        return [f"{error.line}:{error.column} {error.message}" for error in broken.errors]


@pytest.fixture
def folders(tmp_path):
    return SkillFolders(tmp_path)
