"""``skill.yaml``: what it may say, and how it is read."""

from __future__ import annotations

from seedsmith.skills.skill import Origin, Skill
from seedsmith.skills.skill_folder import read_skill


def test_the_smallest_skill_has_defaults(folders):
    skill = folders.own()
    assert (skill.name, skill.version, skill.tools, skill.verify) == ("tidy", "0.1.0", None, "")


def test_everything_a_manifest_may_say(folders):
    skill = folders.own(
        "version: '2.1'\n"
        "triggers: [tidy up, clean]\n"
        "parameters:\n  files: {type: list, default: [a.py]}\n  level: {type: integer, choices: [1, 2]}\n"
        "tools: [read, edit]\n"
        "commands:\n  lint:\n    description: Lints.\n    argv: [ruff, check, '{files}']\n"
        "    parameters: {files: {type: list}}\n    timeout: 9\n    read_only: true\n"
        "files: [more.md]\n"
        "model: {effort: high, temperature: 0}\n"
        "verify: pytest {files}\n"
        "budget: {turns: 9, cost: 0.5, tokens: 1000, seconds: 60}\n"
        "context: fork\nagent: explore\n"
        "requires: [ruff]\n"
        "tests:\n  - {name: one, verify: 'true', changed: [a.py]}\n",
        **{"more.md": "x"},
    )
    assert isinstance(skill, Skill), skill
    assert skill.commands["lint"].read_only and skill.commands["lint"].timeout == 9
    assert skill.verify_command(skill.values({"files": ["a b", "c"]})) == "pytest 'a b' c"
    assert skill.fork and skill.agent == "explore"
    assert (skill.budget.turns, skill.model.effort, skill.tests[0].name) == (9, "high", "one")


def test_instructions_may_stand_in_a_file(folders):
    files = {"skill.yaml": "name: tidy\ndescription: d\ninstructions: {file: how.md}\n", "how.md": "# How\n"}
    assert read_skill(folders.write(files), Origin.USER).instructions == "# How"


def test_windows_line_ends_and_a_byte_order_mark_are_read(folders):

    text = b"\xef\xbb\xbf" + b"name: tidy\r\ndescription: d\r\ninstructions: |\r\n  one\r\n  two\r\n"
    assert read_skill(folders.write({"skill.yaml": text}), Origin.USER).instructions == "one\ntwo"


def test_files_that_links_lead_out_to_are_refused(folders, tmp_path):
    (tmp_path / "secret").write_text("s")
    folder = folders.write({"how.md": "x"})
    (folder / "more.md").symlink_to(tmp_path / "secret")
    assert "4:9 names 'more.md', which leads out" in folders.errors(folders.own("files: [more.md]\n"))[0]


def test_a_folder_of_another_name_is_a_warning(folders):
    folder = folders.write({"skill.yaml": "name: other\ndescription: d\ninstructions: x\n"})
    skill = read_skill(folder, Origin.USER)
    assert "its folder is called 'tidy'" in str(skill.warnings[0])
