"""``skill.yaml``: what it may say, and the one located sentence each fault gets."""

from __future__ import annotations

import pytest

from skills.folder import read_skill
from skills.skill import Origin, Skill

COMMAND = "commands:\n  lint:\n    description: Lints.\n    argv: [ruff, '{files}']\n"


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
        "requires: [ruff]\n"
        "tests:\n  - {name: one, verify: 'true', changed: [a.py]}\n",
        **{"more.md": "x"},
    )
    assert isinstance(skill, Skill), skill
    assert skill.commands["lint"].read_only and skill.commands["lint"].timeout == 9
    assert skill.verify_command(skill.values({"files": ["a b", "c"]})) == "pytest 'a b' c"
    assert (skill.budget.turns, skill.model.effort, skill.tests[0].name) == (9, "high", "one")


def test_instructions_may_stand_in_a_file(folders):
    files = {"skill.yaml": "name: tidy\ndescription: d\ninstructions: {file: how.md}\n", "how.md": "# How\n"}
    assert read_skill(folders.write(files), Origin.USER).instructions == "# How"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("toools: [read]", "4:1 'toools' is no key here; did you mean 'tools'?"),
        ("tools: read", "4:1 'tools' must be a list"),
        ("tools: []", "4:1 'tools' must not be empty"),
        ("version: 1.0", "4:1 'version' must be text: write \"1.0\" in quotes"),
        ("parameters: [a]", "4:1 'parameters' must be a mapping"),
        ("parameters:\n  p:\n    typ: string", "6:5 'parameters.p.typ' is no key here; did you mean 'type'?"),
        ("parameters: {P: {}}", "4:14 'parameters.P' must be a name of lower-case letters"),
        ("parameters: {p: {type: int}}", "4:18 'parameters.p.type' must be one of 'string', 'integer'"),
        ("parameters: {p: {type: integer, default: x}}", "4:14 'parameters.p' has 'x' in default"),
        (
            "parameters: {p: {required: true, default: x}}",
            "4:14 'parameters.p' is required and has a default",
        ),
        ("parameters: {p: {choices: [a], default: b}}", "'parameters.p' has the default 'b', which is not"),
        ("parameters: {p: {required: yes please}}", "'parameters.p.required' must be true or false"),
        ("commands: {c: {argv: [x]}}", "'commands.c.description' is missing"),
        ("commands: {c: {description: x, argv: []}}", "'commands.c.argv' must not be empty"),
        ("commands: {c: {description: x, argv: rm -rf}}", "'commands.c.argv' must be a list"),
        ("commands: {c: {description: x, argv: ['{p}']}}", "'commands.c' must begin its argv with a program"),
        (COMMAND, "5:3 'commands.lint' uses {files} in its argv, which is none of its parameters"),
        ("commands: {c: {description: x, argv: [a], timeout: 0}}", "'commands.c.timeout' must be at least 1"),
        ("commands: {c: {description: x, argv: [a], timeout: 1.5}}", "must be a whole number"),
        ("commands: {'a b': {description: x, argv: [a]}}", "'commands.a b' must be a name"),
        ("files: [../x]", "4:9 'files[0]' holds '../x': give a path inside the skill's folder"),
        ("files: [/etc/passwd]", "'files[0]' holds '/etc/passwd': give a path inside"),
        ("files: ['a\\b']", "give a path inside the skill's folder"),
        ("files: [gone.md]", "4:9 names 'gone.md', which is not in the skill's folder"),
        ("instructions: again", "4:1 has the key 'instructions' twice"),
        ("budget: {turns: 0}", "4:10 'budget.turns' must be at least 1"),
        ("budget: {cost: .inf}", "'budget.cost' must be a finite number"),
        ("model: {effort: max}", "4:9 'model.effort' must be one of 'minimal', 'low', 'medium' or 'high'"),
        ("model: {temperature: 3}", "'model.temperature' must be at most 2"),
        ("model: {name: gpt}", "'model.name' is no key here; known are effort, temperature"),
        ("tests: [{name: a}, {name: a}]", "the manifest has two tests named 'a'"),
        (
            "tests: [{name: t, budget: {trns: 1}}]",
            "'tests[0].budget.trns' is no key here; did you mean 'turns'?",
        ),
        ("tests: [{name: t, workspace: gone}]", "names 'gone', which is not in the skill's folder"),
        ("verify: pytest {x}", "the manifest uses {x} in verify, which is none of its parameters"),
        ("verify: ''", "4:1 'verify' is empty"),
        ("triggers: ['']", "'triggers[0]' is empty"),
        ("requires: [1]", "'requires[0]' must be text: write \"1\""),
        ("a: &a [*a]", "holds an alias of something it is part of"),
        ("a: !!python/object:os.system x", "which is no plain data"),
        ("a: !mine x", "has the tag !mine, which is not read"),
        ("a: {<<: {b: 1}}", "merges mappings with <<"),
        ("a:\n\t- x", "5:1 is not YAML: a tab stands where only spaces may"),
        ("a: b: c", "4:5 is not YAML: a second ': ' in one line"),
        ("---\nname: b", "4:1 is not YAML"),
        ("1: x", "4:1 has the key 1, which is no text"),
        ("a: *gone", "is not YAML: found undefined alias"),
        ("a: \x07", "4:1 holds the control character U+0007"),
        ("a: " + "[" * 60 + "]" * 60, "4:24 is nested deeper than 20 levels"),
        ("a: " + "[" * 100_000, "4:24 is nested deeper than 20 levels"),
        ("a: " + "[" * 100_000 + "]" * 100_000, "4:24 is nested deeper than 20 levels"),
        ("a: " + "{a: " * 50_000, "is nested deeper than 20 levels"),
        ("? " * 100_000, "is nested deeper than 20 levels"),
    ],
)
def test_each_fault_is_one_located_sentence(folders, more, said):
    errors = folders.errors(folders.own(more))
    assert any(said in error for error in errors), errors
    assert all("\n" not in error for error in errors)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "1:1 is empty"),
        (b"[]", "1:1 the manifest must be a mapping"),
        (b"just text", "1:1 the manifest must be a mapping"),
        (b"name: tidy\ndescription: \xff\n", "2:14 is not UTF-8 here"),
        (b"name: tidy\n" + b"#" * 300_000, "is larger than 256 KiB"),
        (
            b"name: Tidy Up\ndescription: d\ninstructions: x",
            "1:1 'name' must be at most 64 lower-case letters",
        ),
        (b"name: skills\ndescription: d\ninstructions: x", "1:1 'name' must not be 'skills'"),
        (b"name: tidy\ninstructions: x", "1:1 'description' is missing"),
        (b"name: tidy\ndescription: d", "1:1 'instructions' is missing"),
        (b"name: tidy\ndescription: d\ninstructions: 3", "3:1 'instructions' must be text"),
        (b"name: tidy\ndescription: d\ninstructions: {fil: x}", "3:16 'instructions.fil' is no key here"),
        (b"name: tidy\ndescription: d\ninstructions: {file: how.md}", "names 'how.md', which is not in"),
        (b"name: tidy\ndescription: 3\ninstructions: x", "2:1 'description' must be text: write \"3\""),
    ],
)
def test_manifests_broken_from_the_start(folders, text, said):
    errors = folders.errors(read_skill(folders.write({"skill.yaml": text}), Origin.USER))
    assert any(said in error for error in errors), errors


def test_a_bomb_of_aliases_costs_nothing(folders):
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]\n" for n in range(1, 12))
    assert "its aliases counted" in folders.errors(folders.own("l0: &l0 [x]\n" + levels))[0]


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
