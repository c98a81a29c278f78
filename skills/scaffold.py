"""Creates a new skill that passes its check and its test, for people to change into their own."""

from __future__ import annotations

import shutil
from pathlib import Path

from seedsmith.skills.errors import SkillError
from seedsmith.skills.manifest import Manifest

STARTER = Path(__file__).with_name("starter")


def scaffold(root: Path, name: str) -> Path:
    """Write the skill ``name`` under ``root`` and return its folder; raises :class:`SkillError`.

    The name must be one a manifest may have, and its folder must not be there yet.
    """
    try:
        Manifest.model_validate({"name": name, "description": "x", "instructions": "x"})
    except ValueError:
        raise SkillError(
            f"{name!r:.80} is no name for a skill: at most 64 lower-case letters, digits and single hyphens "
            "between them, and no reserved word."
        ) from None
    folder = root / name
    if folder.exists() or folder.is_symlink():
        raise SkillError(f"{folder} is there already; choose another name.")
    try:
        folder.mkdir(parents=True)
        try:
            _fill(folder, name)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)  # half a skill would stand in the way of the next try
            raise
    except OSError as error:
        raise SkillError(f"Can't write {folder}: {error.strerror}.") from error
    return folder


def _fill(folder: Path, name: str) -> None:
    for source in sorted(STARTER.rglob("*")):
        if source.is_file() and "__pycache__" not in source.parts:
            target = folder / source.relative_to(STARTER)
            target.parent.mkdir(parents=True, exist_ok=True)
            text = source.read_text(encoding="utf-8").replace("SKILL_NAME", name)
            target.write_text(text, encoding="utf-8")
