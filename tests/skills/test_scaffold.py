"""A new skill is one whatever its name, and whole or not there at all."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from seedsmith.skills.errors import SkillError
from seedsmith.skills.folder import read_skill
from seedsmith.skills.scaffold import scaffold
from seedsmith.skills.skill import Origin, Skill


@pytest.mark.parametrize("name", ["true", "null", "12", "no", "1e3", "plain"])
def test_names_that_yaml_takes_for_something_else(tmp_path, name):
    skill = read_skill(scaffold(tmp_path, name), Origin.USER)
    assert isinstance(skill, Skill), skill
    assert skill.name == name and not skill.warnings


def test_nothing_is_left_where_the_disk_is_full(tmp_path, monkeypatch):
    real = Path.write_text

    def full(path, text, **how):
        if path.name == "skill.yaml":
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, text, **how)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(SkillError, match="No space left"):
        scaffold(tmp_path, "notes")
    monkeypatch.undo()
    assert scaffold(tmp_path, "notes").is_dir()
