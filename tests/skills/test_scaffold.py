"""A new skill is one whatever its name, and whole or not there at all."""

from __future__ import annotations

import errno
import shutil
import subprocess
from pathlib import Path

import pytest

from seedsmith.skills.errors import SkillError
from seedsmith.skills.scaffold import scaffold
from seedsmith.skills.skill import Origin, Skill
from seedsmith.skills.skill_folder import read_skill


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


def test_a_new_skill_is_not_proven_with_nothing_written(tmp_path):
    skill = read_skill(scaffold(tmp_path, "notes"), Origin.USER)
    assert isinstance(skill, Skill)
    shutil.copytree(skill.folder / "tests/small", tmp_path / "work")
    for command in ("git init -q", "git add .", "git -c user.name=A -c user.email=a@b.c commit -qm x"):
        subprocess.run(command, shell=True, cwd=tmp_path / "work", check=True)
    verify = skill.verify.replace("{file}", "CHANGELOG.md")
    assert subprocess.run(verify, shell=True, cwd=tmp_path / "work").returncode != 0
    with (tmp_path / "work/CHANGELOG.md").open("a") as file:
        file.write("- Words with accents are found.\n")
    assert subprocess.run(verify, shell=True, cwd=tmp_path / "work").returncode == 0


def test_a_new_skill_names_nothing_that_its_writer_lacks(tmp_path):
    folder = scaffold(tmp_path, "notes")
    for line in (folder / "skill.yaml").read_text().splitlines():
        assert "docs/" not in line
