"""``.claude/commands``: each file is a skill, trusted by itself, and nothing of it runs unasked."""

from __future__ import annotations

import pytest

from seedsmith.skills.errors import SkillError, UnknownSkill
from seedsmith.skills.loader import load, roots
from seedsmith.skills.skill_folder import check_unchanged
from seedsmith.skills.skill_tool import skill_text
from seedsmith.skills.trust import TrustStore

FIX_ISSUE = """---
description: Fix an issue
argument-hint: [number]
allowed-tools: Bash(git:*)
---
Fix issue $1 as the team does ($ARGUMENTS).

State now: !`git status --short`
"""


@pytest.fixture
def repository(tmp_path):
    class Repository:
        commands = tmp_path / "repo" / ".claude" / "commands"
        store = TrustStore(tmp_path / "state")

        def library(self):
            return load(roots(tmp_path / "repo", None), self.store)

        def trusted(self, name):
            (skill,) = [each for each in self.library().untrusted if each.name == name]
            self.store.trust(skill)
            return self.library().find(name)

    Repository.commands.mkdir(parents=True)
    (tmp_path / "state").mkdir()
    return Repository()


def test_a_command_is_a_skill_once_it_is_trusted(repository):
    (repository.commands / "fix-issue.md").write_text(FIX_ISSUE)
    with pytest.raises(UnknownSkill, match="is not trusted"):
        repository.library().find("fix-issue")
    skill = repository.trusted("fix-issue")
    assert (skill.description, skill.model_may_call) == ("Fix an issue", True)
    assert skill.parameters.keys() == {"arguments", "argument_1"}
    filled = skill.filled_instructions({"argument_1": "7", "arguments": "7 now"})
    assert filled == (
        "Fix issue 7 as the team does (7 now).\n\n"
        "State now: (run `git status --short` first, and take its output here)"
    )
    assert ["not run before" in str(each) for each in skill.warnings] == [True]


def test_trust_is_in_one_file_and_not_in_those_beside_it(repository):
    (repository.commands / "a.md").write_text("Do a.")
    (repository.commands / "b.md").write_text("Do b.")
    skill = repository.trusted("a")
    (repository.commands / "b.md").write_text("Do b otherwise.")
    check_unchanged(skill)
    assert repository.library().find("a") == skill
    assert "b.md" not in skill_text(skill, skill.instructions, "")
    (repository.commands / "a.md").write_text("Do a otherwise.")
    with pytest.raises(SkillError, match="was changed"):
        check_unchanged(skill)
    with pytest.raises(UnknownSkill):
        repository.library().find("a")


def test_one_without_a_description_is_for_people_to_name(repository):
    (repository.commands / "tidy.md").write_text("# Tidy `it's`\n\nCosts $20 at most.\n")
    skill = repository.trusted("tidy")
    assert (skill.description, skill.model_may_call) == ("Tidy `it's`", False)
    assert skill.parameters == {}, "a price is no argument"


def test_folders_are_part_of_the_name(repository):
    for path in ("ui/New Page.md", "ui/deep/a.md"):
        file = repository.commands / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("Do it.")
    assert [each.name for each in repository.library().untrusted] == ["ui-new-page", "ui-deep-a"]


@pytest.mark.parametrize(
    "content", [b"", b"---\nmodel: x\n---\n", b"\xff\xfe\0", b"---\ndescription: [a\n---\nx"]
)
def test_a_broken_one_is_listed_and_breaks_nothing(repository, content):
    (repository.commands / "bad.md").write_bytes(content)
    (repository.commands / "good.md").write_text("Do it.")
    library = repository.library()
    assert [each.name for each in library.untrusted][-1] == "good"
    names = {each.name for each in library.broken} | {each.name for each in library.untrusted}
    assert names == {"bad", "good"}


def test_links_are_not_followed(repository, tmp_path):
    (tmp_path / "secret.md").write_text("secret")
    (repository.commands / "out.md").symlink_to(tmp_path / "secret.md")
    (repository.commands / "loop").symlink_to(repository.commands)
    assert repository.library().untrusted == ()


def test_a_command_may_ask_for_a_helper(repository):
    (repository.commands / "look.md").write_text("---\ncontext: fork\nagent: Explore\n---\nLook at $1.")
    skill = repository.trusted("look")
    assert (skill.fork, skill.agent) == (True, "Explore")
