"""``seedsmith skills new`` and ``skills test`` as processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

import agent


@pytest.fixture
def seedsmith(tmp_path):
    (tmp_path / "repo").mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "SEEDSMITH_HOME": str(tmp_path / "state"),
        "PYTHONPATH": str(Path(agent.__file__).parents[1]),
    }

    def call(*arguments):
        return subprocess.run(
            [sys.executable, "-P", "-m", "agent", *arguments],
            cwd=tmp_path / "repo",
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )

    return call


@pytest.fixture
def new(seedsmith, tmp_path):
    """The folder of a new skill in the repository."""
    assert seedsmith("skills", "new", "notes").returncode == 0
    return tmp_path / "repo/.agents/skills/notes"


def test_a_new_skill_passes_with_a_table_and_an_xml_file(seedsmith, new, tmp_path):
    done = seedsmith("skills", "test", "notes", "--junit", str(tmp_path / "out.xml"))
    assert done.returncode == 0, done.stderr
    assert "passed" in done.stdout and "1 passed in" in done.stdout and "\x1b" not in done.stdout
    suite = ElementTree.parse(tmp_path / "out.xml").getroot()[0]
    assert (suite.get("name"), suite.get("failures")) == ("notes", "0")
    checked = seedsmith("skills", "check", "notes")
    assert (checked.returncode, checked.stdout) == (0, "notes: fine\n")


def test_a_failing_and_a_broken_one_as_json(seedsmith, new):
    manifest = new / "skill.yaml"
    manifest.write_text(manifest.read_text().replace("says: [CHANGELOG.md]", "says: [nothing]"))
    broken = new.with_name("broken")
    broken.mkdir()
    (broken / "skill.yaml").write_text("name: broken\n")
    done = seedsmith("skills", "test", "--json", str(new), str(broken), "explain")
    assert done.returncode == 1, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["skill"], row["result"]) for row in rows] == [
        ("broken", "failed"),
        ("notes", "failed"),
        ("explain", "passed"),
        ("explain", "passed"),
    ]
    assert "skill.yaml:1:1: 'description' is missing" in rows[0]["failures"][0]
    assert "does not say 'nothing'" in rows[1]["failures"][0]


def test_a_changed_skill_of_the_repository_is_not_tested_by_its_name(seedsmith, new):
    (new / "instructions.md").write_text("Do something else.\n")
    done = seedsmith("skills", "test", "notes")
    assert done.returncode == 2 and "is not trusted" in done.stderr
    assert seedsmith("skills", "test", "./.agents/skills/notes").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--update"], "--update writes what a model does: give --live too."),
        (["-m", "openai/x"], "--model is only asked with --live."),
        (["gone"], "There is no skill 'gone'"),
        (["explain", "--test", "gone"], "There is no test 'gone'"),
        (["./gone"], "1"),
    ],
)
def test_wrong_usage(seedsmith, arguments, said):
    done = seedsmith("skills", "test", *arguments)
    if said == "1":  # a folder that holds no skill is a broken one
        assert done.returncode == 1 and "there is neither skill.yaml nor SKILL.md" in done.stdout
        return
    assert done.returncode == 2 and said in done.stderr and len(done.stderr.splitlines()) == 1
