"""``seedsmith skills new`` and ``skills test``."""

from __future__ import annotations

import json
import sys
from xml.etree import ElementTree

import pytest


@pytest.fixture(autouse=True)
def home(environment, tmp_path):
    environment |= {"HOME": str(tmp_path), "SEEDSMITH_HOME": str(tmp_path / "state")}


@pytest.fixture
def new(seedsmith, tmp_path):
    """The folder of a new skill in the repository."""
    assert seedsmith("skills", "new", "notes").returncode == 0
    return tmp_path / "repo/.agents/skills/notes"


@pytest.mark.slow
def test_a_new_skill_passes_with_a_table_and_an_xml_file(seedsmith, new, tmp_path):
    done = seedsmith("skills", "test", "notes", "--junit", str(tmp_path / "out.xml"))
    assert done.returncode == 0, done.stderr
    assert "passed" in done.stdout and "1 passed in" in done.stdout and "\x1b" not in done.stdout
    suite = ElementTree.parse(tmp_path / "out.xml").getroot()[0]
    assert (suite.get("name"), suite.get("failures")) == ("notes", "0")
    checked = seedsmith("skills", "check", "notes")
    assert (checked.returncode, checked.stdout) == (0, "notes: fine\n")


@pytest.mark.slow
def test_a_failing_and_a_broken_one_as_json(seedsmith, new):
    manifest = new / "skill.yaml"
    manifest.write_text(manifest.read_text().replace("says: [CHANGELOG.md]", "says: [elephants]"))
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
    assert "does not say 'elephants'" in rows[1]["failures"][0]


@pytest.mark.slow
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


def test_the_steps_after_an_edit_are_named_and_work(seedsmith):
    told = seedsmith("skills", "new", "null")
    assert (
        told.returncode == 0 and "seedsmith skills trust null and seedsmith skills test null" in told.stderr
    )
    assert "skills trust" not in seedsmith("skills", "new", "null", "--user").stderr


def test_a_new_skill_in_a_folder_that_is_not_there(seedsmith, tmp_path):
    done = seedsmith("skills", "new", "notes", "-C", str(tmp_path / "none"))
    assert done.returncode == 2 and "none is not a folder" in done.stderr
    assert not (tmp_path / "none").exists()


@pytest.mark.slow
def test_what_nobody_trusts_is_not_tested_unnamed(process, new, tmp_path):
    for name, text in (("bad", "name: ["), ("stranger", "name: stranger\n")):
        (new.parent / name).mkdir()
        (new.parent / name / "skill.yaml").write_text(text)
    (new / "instructions.md").write_text("Changed, and not trusted again.\n")
    mine = tmp_path / ".agents/skills/mine"
    mine.mkdir(parents=True)
    (mine / "skill.yaml").write_text("name: [")
    program = (
        "import seedsmith.agent.cli.skills_test as t; "
        "from seedsmith.agent.settings.settings import Settings; "
        "skills, broken = t._chosen(Settings(), ()); "
        "print([each.name for each in broken], 'notes' in [each.name for each in skills])"
    )
    done = process("-P", "-c", program, program=(sys.executable,))
    assert done.stdout == "['mine'] False\n", done.stderr
    assert "not trusted: notes, bad, stranger" in done.stderr
