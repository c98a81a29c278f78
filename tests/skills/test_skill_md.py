"""``SKILL.md``: what others publish loads as it is, its broken rules are told as warnings."""

from __future__ import annotations

import pytest

from seedsmith.skills.skill import BrokenSkill, Skill
from seedsmith.skills.skill_folder import list_files, read_file

GOOD = "---\nname: tidy\ndescription: Tidies up. Use when untidy.\n---\n\n# Tidy\n\nDo it.\n"


def test_front_matter_and_body(folders):
    skill = folders.published(
        "---\nname: tidy\ndescription: >\n  Tidies\n  up.\nlicense: MIT\ncompatibility: Needs git\n"
        'allowed-tools: Bash(git:*) Read\nmetadata:\n  version: "1.2"\n---\nBody --- with dashes\n'
    )
    assert (skill.description, skill.license, skill.compatibility) == ("Tidies up.", "MIT", "Needs git")
    assert (skill.version, skill.instructions, skill.warnings) == ("1.2", "Body --- with dashes", ())
    assert skill.tools is None, "allowed-tools approves in advance, it narrows nothing"


def test_every_file_of_the_folder_may_be_read(folders):
    folder = folders.write({"references/a.md": "A", "scripts/run.py": "", "SKILL.md": GOOD})
    skill = folders.published(GOOD)
    assert list_files(skill) == ("references/a.md", "scripts/run.py")
    assert read_file(skill, "references/a.md") == b"A"
    assert folder == skill.folder


@pytest.mark.parametrize(
    ("front", "said"),
    [
        ("name: Tidy\ndescription: d", "2:1 has the name 'Tidy', which is not all lower case"),
        ("name: tidy--up\ndescription: d", "hyphens stand alone"),
        ("name: other\ndescription: d", "but its folder is called 'tidy'"),
        ("name: tidy_up\ndescription: d", "only letters, digits and hyphens"),
        ("name: " + "t" * 65 + "\ndescription: d", "has a name of 65 characters"),
        ("name: tidy\ndescription: " + "d" * 1025, "has a description of 1025 characters"),
        ("name: tidy\ndescription: d\ncompatibility: " + "c" * 501, "has a compatibility of 501 characters"),
        ("name: tidy\ndescription: d\nversion: 1", "4:1 has the field 'version', a field of other clients"),
        ("name: tidy\ndescription: d\nallowed-tools: [Read]", "4:16 uses YAML's flow style"),
        ("name: &a tidy\ndescription: d", "2:7 uses an anchor or a tag"),
        ("description: d", "has no name in its front matter"),
        ("name: tidy\ndescription: Use when: asked", "a second ': ' in one line"),
    ],
)
def test_broken_rules_are_warnings(folders, front, said):
    skill = folders.published(f"---\n{front}\n---\nBody")
    assert isinstance(skill, Skill), skill
    assert any(said in f"{each.line}:{each.column} {each.message}" for each in skill.warnings), skill.warnings


def test_a_colon_in_a_description_is_read_as_it_was_meant(folders):
    skill = folders.published("---\nname: tidy\ndescription: Use when: the user's asked\n---\nBody")
    assert skill.description == "Use when: the user's asked"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Tidies up.\n  Use when: asked", "Tidies up. Use when: asked"),
        ("Tidies up. Triggers: a,\n  b: c,\n\n  and d", "Tidies up. Triggers: a, b: c, and d"),
        ("\n  Tidies up.\n  Use when: asked", "Tidies up. Use when: asked"),
        ("[Beta] Tidies up", "[Beta] Tidies up"),
        ("[Beta]", "[Beta]"),
        ("[Beta] Tidies up,\n  use when: asked", "[Beta] Tidies up, use when: asked"),
        ("{{name}} tidies", "{{name}} tidies"),
        ("@team's tidying", "@team's tidying"),
        ("`tidy` tidies", "`tidy` tidies"),
        ("*Tidies* up", "*Tidies* up"),
        ("%s tidies", "%s tidies"),
        ("!important tidies up", "!important tidies up"),
        ("&c: tidies\n  up", "&c: tidies up"),
        ("& tidies", "& tidies"),
        ('"Tidy" tidies up', '"Tidy" tidies up'),
        ('"Tidies: up"', "Tidies: up"),
        ("|\n  Use when: asked", "Use when: asked"),
        (">-\n  [Beta]\n  up", "[Beta] up"),
    ],
)
@pytest.mark.parametrize(
    "after", ["metadata:\n  version: '1.2'", "metadata:\n    version: 1.2\nlicense: MIT: yes"]
)
def test_a_description_is_text_whatever_it_begins_with_and_however_it_wraps(folders, written, read, after):
    skill = folders.published(f"---\nname: tidy\ndescription: {written}\n{after}\n---\nBody")
    assert isinstance(skill, Skill), folders.errors(skill)
    assert (skill.description, skill.version, skill.instructions) == (read, "1.2", "Body")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "1:1 does not begin with '---'"),
        ("# Tidy\n", "1:1 does not begin with '---'"),
        ("---\nname: tidy\ndescription: d\n", "no second '---' ends"),
        ("---\n- a\n---\n", "front matter that is no mapping"),
        ("---\nname: tidy\n---\n", "has no description"),
        ("---\nname: tidy\ndescription: '  '\n---\n", "3:1 has no description"),
        ("---\nname: tidy\nname: x\ndescription: d\n---\n", "3:1 has the key 'name' twice"),
        ("---\nname: [\n---\n", "is not YAML"),
        ("---\nname: &a [*a]\n---\n", "an alias"),
        (b"---\nname: tidy\ndescription: \xe9\n---\n", "3:14 is not UTF-8 here"),
    ],
)
def test_what_can_be_no_skill(folders, text, said):
    broken = folders.published(text)
    assert isinstance(broken, BrokenSkill)
    assert said in folders.errors(broken)[0]


def test_only_people_name_a_skill_that_says_so(folders):
    skill = folders.published("---\nname: tidy\ndescription: d\ndisable-model-invocation: true\n---\nBody")
    assert not skill.model_may_call


@pytest.mark.parametrize(
    ("front", "fork", "agent", "said"),
    [
        ("context: fork\nagent: Explore", True, "Explore", ["a field of other clients"] * 2),
        ("context: fork", True, "", ["a field of other clients"]),
        ("context: shared\nagent: Explore", False, "", ["other clients: it is not used"] * 2),
        ("agent: Explore", False, "", ["other clients: it is not used"]),
    ],
)
def test_one_may_ask_for_a_context_of_its_own(folders, front, fork, agent, said):
    skill = folders.published(f"---\nname: tidy\ndescription: d\n{front}\n---\nBody")
    assert (skill.fork, skill.agent) == (fork, agent)
    assert all(each.message.endswith(end) for each, end in zip(skill.warnings, said, strict=True))
