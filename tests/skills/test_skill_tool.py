"""The skill tool: instructions, files and commands of a skill, and what it narrows."""

from __future__ import annotations

import pytest

from seedsmith.sandbox.choose.select import choose
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.isolation.base import Policy
from seedsmith.sandbox.workspace.spill import SpillStore
from seedsmith.sandbox.workspace.workspace import Workspace
from seedsmith.skills.active import ActiveSkills
from seedsmith.skills.loader import Library
from seedsmith.skills.skill import Origin
from seedsmith.skills.skill_folder import read_skill
from seedsmith.skills.skill_tool import SkillTool
from seedsmith.tools.base import Effect, ToolContext, ToolError

MANIFEST = """
tools: [read, grep]
parameters: {who: {required: true, description: Whom to greet.}}
commands:
  show:
    {description: Shows., argv: [printf, '%s|', '{words}'], parameters: {words: {type: list}},
     read_only: true}
  own: {description: Its own., argv: [cat, '{skill}/more.md']}
  slow: {description: Slow., argv: [sleep, '30'], timeout: 1}
files: [more.md]
requires: [sh, no-such-program]
verify: test {who} = you
"""


@pytest.fixture
def room(folders, tmp_path):
    """A tool over one skill, and a context whose sandbox shows that skill's folder."""

    class Room:
        skill = folders.own(MANIFEST, **{"more.md": "MORE"})
        active = ActiveSkills(Library({skill.name: skill}))
        tool = SkillTool(active)

        def __init__(self):
            root, private = tmp_path / "work", tmp_path / "private"
            root.mkdir()
            private.mkdir()
            environment = {"PATH": "/usr/bin:/bin", "HOME": "/root"}
            policy = Policy(
                root, private, tmp_path / "state", also_readable=(self.skill.folder,), environ=environment
            )
            spills = SpillStore(tmp_path / "spills")
            processes = ProcessRunner(choose("auto", policy), policy, spills)
            self.context = ToolContext(Workspace(root), processes, spills)

        async def call(self, **arguments):
            return await self.tool.run(self.tool.parse({"name": "tidy", **arguments}), self.context)

    return Room()


async def test_instructions_come_with_all_that_belongs_to_them(room):
    told = (await room.call(parameters={"who": "you"})).text
    for part in (
        "# Skill tidy\n\nDo it.",
        "- show(words: list?): Shows.",
        "- more.md",
        "`test you = you`",
        "only these tools may be called: read, grep",
        "Not installed here, though it needs them: no-such-program; a person can install it: ",
    ):
        assert part in told


async def test_a_called_skill_narrows_the_tools(room):
    assert not room.active.refusal("edit")
    await room.call(parameters={"who": "x"})
    assert [tool for tool in ("read", "edit", "todo", "skill") if room.active.refusal(tool)] == ["edit"]
    assert "'tidy' leaves only these tools: read, grep" in room.active.refusal("edit")


async def test_a_command_gets_its_values_as_they_are(room):
    result = await room.call(command="show", parameters={"words": ["a b", "$(id)", "';"]})
    assert result.ok and "a b|$(id)|';|" in result.text


async def test_a_command_may_use_the_skill_s_own_files(room):
    result = await room.call(command="own")
    assert result.ok and "MORE" in result.text


@pytest.mark.slow
async def test_a_command_ends_at_its_deadline(room):
    result = await room.call(command="slow")
    assert not result.ok and "1 s" in result.text


async def test_files_are_read_when_they_are_asked_for(room):
    assert (await room.call(file="more.md")).text == "MORE"


def test_what_a_call_touches(room):
    def access(**arguments):
        return room.tool.access(room.tool.parse({"name": "tidy", **arguments}))

    assert access().effect is access(file="x").effect is access(command="show").effect is Effect.NONE
    assert access(command="own").effect is Effect.WORKSPACE


def test_nothing_runs_beside_a_command_that_writes(room):
    """Shell commands of one answer run together; a command may break files for a while."""
    from seedsmith.agent.calls.scheduler import must_wait
    from seedsmith.tools.shell.shell import ShellTool

    shell = ShellTool()
    beside = shell.access(shell.parse({"command": "true"}))
    own, show = (
        room.tool.access(room.tool.parse({"name": "tidy", "command": each})) for each in ("own", "show")
    )
    assert must_wait(beside, own) and must_wait(own, beside) and must_wait(own, own)
    assert must_wait(beside, show) and not must_wait(show, show)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"name": "tidi"}, "There is no skill 'tidi' (did you mean 'tidy'?)."),
        ({}, "needs the parameter 'who' (Whom to greet.)"),
        ({"parameters": {"whom": "x"}}, "has no parameter 'whom': it takes who"),
        ({"parameters": {"who": 3}}, "'who' must be text, not 3"),
        ({"command": "lint"}, "has no command 'lint': it has show, own, slow"),
        ({"command": "show", "parameters": {"x": 1}}, "has no parameter 'x'"),
        ({"command": "show", "parameters": {"words": ["-x"]}}, "would be taken for an option"),
        ({"file": "gone.md"}, "gone.md"),
        ({"file": "../secret"}, "leads out"),
        ({"file": "/etc/passwd"}, "leads out"),
        ({"file": "a", "command": "b"}, "not both"),
        ({"command": ""}, "has no command ''"),
    ],
)
async def test_wrong_calls_are_told_what_fits(room, arguments, said):
    with pytest.raises(ToolError) as caught:
        await room.call(**arguments)
    assert said in str(caught.value)


async def test_another_skill_s_command_is_no_way_around_what_one_leaves_out(room, folders):
    other = folders.own("commands:\n  go: {description: Goes., argv: [touch, pwned]}\n", "other")
    room.active.library.skills["other"] = other
    await room.call(parameters={"who": "you"})
    with pytest.raises(ToolError, match="leaves no shell, and so none of the commands of 'other'"):
        await room.call(name="other", command="go")
    assert (await room.call(command="show", parameters={"words": ["x"]})).ok


async def test_a_skill_that_was_loaded_can_be_left(room):
    told = (await room.call(parameters={"who": "x"})).text
    assert 'skill(name="none") leaves the skill' in told
    assert 'skill(name="none") leaves the skill' in room.active.refusal("edit")
    assert "'tidy'" in (await room.call(name="none")).text
    assert not room.active.refusal("edit")
    with pytest.raises(ToolError, match="No skill that was loaded"):
        await room.call(name="none")


async def test_the_user_s_skill_is_not_left(room):
    room.active.named = room.skill
    with pytest.raises(ToolError):
        await room.call(name="none")
    assert room.active.refusal("edit") and "none" not in room.active.refusal("edit")


async def test_what_a_shell_may_still_change_is_not_pretended_away(room, folders):
    manifest = "tools: [read, shell]"
    skill = room.active.library.skills["look"] = folders.own(manifest, name="look")
    assert "could still change files" in (await room.call(name=skill.name)).text
    assert "could still change files" not in (await room.call(parameters={"who": "x"})).text


async def test_a_program_that_is_missing_is_named_with_how_to_install_it(room, folders):
    manifest = """
commands:
  find: {description: Finds., argv: [no-such-rg, x]}
  inner: {description: Finds inside., argv: [sh, -c, "no-such-rg x"]}
  env: {description: By its first line., argv: [env, no-such-rg]}
"""
    room.active.library.skills["search"] = folders.own(manifest, name="search")
    with pytest.raises(ToolError, match="needs no-such-rg, which is not on PATH here; a person can install"):
        await room.call(name="search", command="find")
    for command in ("inner", "env"):
        result = await room.call(name="search", command=command)
        assert not result.ok and "It needs no-such-rg; a person can install it: " in result.text


def instructed(folders, name: str, instructions: str, more: str):
    text = f"name: {name}\ndescription: Does.\ninstructions: '{instructions}'\n{more}"
    return read_skill(folders.write({"skill.yaml": text}, name), Origin.USER)


async def test_what_is_not_given_is_what_the_user_said(room, folders):
    parameters = "parameters: {symptom: {description: Of what.}}\n"
    room.active.library.skills["mend"] = instructed(folders, "mend", "Symptom: {{symptom}}", parameters)
    assert "Symptom: (not given here: as the user said)" in (await room.call(name="mend")).text


async def test_a_command_that_stands_in_the_instructions_is_told_once(room, folders):
    parameters = "verify: '{test}'\nparameters: {test: {type: command}}\n"
    room.active.library.skills["prove"] = instructed(folders, "prove", "Run {{test}}.", parameters)
    told = (await room.call(name="prove", parameters={"test": "make check"})).text
    assert told.count("make check") == 1


async def test_a_skill_behind_a_link_is_found_by_its_commands(room, folders):
    real = folders.own(
        "commands:\n  own: {description: Its own., argv: [cat, '{skill}/more.md']}\n", **{"more.md": "MORE"}
    )
    linked = folders.root / "linked"
    linked.symlink_to(real.folder)
    room.active.library.skills["tidy"] = read_skill(linked, Origin.USER)
    assert "MORE" in (await room.call(command="own")).text
