"""``skills check`` names every fault at once, whatever kind it is of, and says nothing that isn't so."""

from __future__ import annotations

from seedsmith.skills.skill_check import check

BROKEN = """\
name: Wrong Name
version: 1.0
description: ""
triger: [x]
parameters:
  mode: {default: c, choices: [a, b]}
instructions: {file: missing.md}
tools: [read, frobnicate]
commands:
  go: {description: x, argv: ["{nothing}"]}
files: [gone.txt]
verify: "test {unknown}"
tests:
  - {name: one, workspace: tests/none}
  - {name: one}
"""


def test_every_fault_is_named_at_once(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "skill.yaml").write_text(BROKEN)
    (folder / "away").symlink_to(tmp_path)
    errors = "\n".join(check(folder, ["read", "edit"]).errors)
    for said in (
        ":1:", "'version'", "'description'", "'triger' is no key", "'parameters.mode'", "missing.md",
        "frobnicate", "'commands.go'", "gone.txt", "'tests[1].name'", "tests/none",
    ):  # fmt: skip
        assert said in errors, (said, errors)


def test_what_only_the_whole_shows_is_named_beside_other_faults(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "skill.yaml").write_text(
        "name: mine\ndescription: x\nbudget: {turns: 0}\ninstructions: x\nverify: test {unknown}\n"
    )
    errors = check(folder).errors
    assert len(errors) == 2 and "'budget.turns'" in errors[0] and "uses {unknown}" in errors[1]


def test_a_fault_of_the_parameters_makes_none_of_what_names_them(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "skill.yaml").write_text(
        "name: mine\ndescription: x\nparameters: {old: {typ: string}}\ninstructions: x\nverify: test {old}\n"
    )
    assert len(check(folder).errors) == 1
