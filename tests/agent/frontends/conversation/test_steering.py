"""What a person does with a turn: looks at its output, sends it on, judges plans, calls and changes."""

from __future__ import annotations

import json

import pytest
from conversing import CONTROL_B, CONTROL_O, EDIT, bodies, said_by_user, until
from scripted_endpoint import calls, text

LOOP = "echo be''gun; until [ -e go ]; do :; done; echo o''ver-now"


@pytest.mark.slow
async def test_output_is_shown_while_it_comes_and_whole_by_a_key(converse, endpoint, tmp_path):
    endpoint.script(calls(("shell", {"command": f"seq 20; {LOOP}"})), text("Done."))

    async def person(at):
        await at.says("Begin")
        await at.sees("begun")
        assert "  18" in at.seen and "  15" not in at.seen and "over-now" not in at.seen
        (tmp_path / "repository" / "go").touch()
        await at.sees("Done.")
        at.type(CONTROL_O)
        await at.sees("over-now")

    at = await converse(person)
    assert "shell:" in at.seen and "over-now" in at.seen


@pytest.mark.slow
@pytest.mark.parametrize("by_key", [True, False])
async def test_a_command_goes_to_the_background_where_it_outlives_its_turn(
    converse, endpoint, tmp_path, by_key
):
    """Sent there by a key, or by itself as it takes long."""
    endpoint.script(
        calls(("shell", {"command": LOOP})),
        text("It runs."),
        calls(("shell_output", {"id": "b1", "wait": 60})),
        text("It ended."),
    )

    async def person(at):
        await at.says("Begin")
        if by_key:
            await at.sees("begun")
            at.type(CONTROL_B)
        await at.sees("It runs.")
        await until(lambda: "1 in the background" in at.talk._toolbar(), at.talk._toolbar)
        (tmp_path / "repository" / "go").touch()
        await at.says("And?")
        await at.sees("It ended.")

    at = await converse(person, **({} if by_key else {"background_after": 0.2}))
    assert "Kept from the session" not in at.seen
    results = [each["content"] for each in bodies(endpoint)[-1]["messages"] if each["role"] == "tool"]
    assert "left in the background as b1" in results[0] and "over-now" in results[1]


@pytest.mark.slow
async def test_a_plan_is_rejected_with_words_and_then_carried_out(converse, endpoint, tmp_path):
    endpoint.script(text("First plan."), text("Second plan."), calls(EDIT), text("Changed."))

    async def person(at):
        at.type("/plan Change it\r")
        await at.sees("\n> /plan Change it\n")
        await at.sees("First plan.")
        await at.sees("Carry out the plan?")
        await at.answers("n only a.txt\r")
        await at.sees("Second plan.")
        await until(lambda: len(endpoint.requests) == 2 and at.is_asked, lambda: "the second question")
        at.type("y\r")
        await at.sees("Changed.")

    await converse(person)
    assert said_by_user(endpoint, 1)[-1].startswith("only a.txt")
    assert said_by_user(endpoint, 2)[-1] == "Carry out the plan."
    assert (tmp_path / "repository/a.txt").read_text() == "two\n"


@pytest.mark.slow
async def test_a_plan_is_edited_before_it_is_carried_out(converse, endpoint, monkeypatch):
    endpoint.script(text("Do A."), text("Done."))
    monkeypatch.setenv("VISUAL", "sed -i s/A/B/")

    async def person(at):
        at.type("/plan Change it\r")
        await at.sees("Carry out the plan?")
        await at.answers("e\r")
        await at.sees("Done.")

    await converse(person)
    assert said_by_user(endpoint, 1)[-1] == "Carry out this plan, which I edited:\n\nDo B.\n"


@pytest.mark.slow
async def test_a_grant_for_the_session_covers_what_it_said(converse, endpoint, tmp_path):
    def write(content):
        return ("write", {"path": ".vscode/tasks.json", "content": content})

    endpoint.script(
        calls(write("{}")),
        calls(write("[]")),
        calls(("write", {"path": ".envrc", "content": "x"})),
        text("Ok."),
    )

    async def person(at):
        await at.says("Write them")
        await at.sees("every change of .vscode/tasks.json")
        await until(lambda: at.is_asked, lambda: "the question")
        await at.sees("[y once, s this session, a always here, n or no and why]")
        await at.answers("s\r")
        await at.sees("every change of .envrc")
        await at.answers("n not that one\r")
        await at.sees("Ok.")
        await at.sees("the last call was refused")
        assert "refused by you: not that one" in at.seen and "the last call failed" not in at.seen
        at.type("/permissions\r")
        await at.sees("allowed for this session: every change of .vscode", times=2)
        at.type("/clear\r")
        await at.sees("A new conversation.")
        assert not at.talk.questions.granted

    await converse(person)
    assert (tmp_path / "repository/.vscode/tasks.json").read_text() == "[]"
    assert not (tmp_path / "repository/.envrc").exists()
    assert "not that one" in bodies(endpoint)[-1]["messages"][-1]["content"]


@pytest.mark.slow
async def test_a_change_is_gone_through_hunk_by_hunk(converse, endpoint, tmp_path, monkeypatch):
    file = tmp_path / "repository/a.txt"
    lines = [f"line {number}\n" for number in range(60)]
    file.write_text("".join(lines))
    edits = [{"old": f"line {number}\n", "new": f"LINE {number}\nmore\n"} for number in (5, 25, 40, 55)]
    endpoint.script(calls(("edit", {"path": "a.txt", "edits": edits})), text("Changed."), text("I see."))
    monkeypatch.setenv("VISUAL", "sed -i s/more/MINE/")

    async def person(at):
        await at.says("Change it")
        await at.sees("1 file changed")
        at.type("/diff\r")
        for number, answer in enumerate(("k", "d", "e", "c why this?"), 1):
            await at.sees(f"({number}/4)")
            await until(lambda: at.is_asked, lambda: "the question")
            at.type(f"{answer}\r")
            if number < 4:
                await at.sees(f"({number + 1}/4)")
        await at.sees("2 kept, 1 dropped, 1 edited, 1 commented.")
        await at.sees("I see.")

    await converse(person)
    expected = list(lines)
    expected[5], expected[55] = "LINE 5\nmore\n", "LINE 55\nmore\n"
    expected[40] = "LINE 40\nMINE\n"
    assert file.read_text() == "".join(expected)
    said = said_by_user(endpoint, 2)[-1]
    assert said.startswith("On a.txt, line 5") and said.endswith("why this?") and "+LINE 55" in said


@pytest.mark.slow
async def test_the_history_is_shortened_and_what_fills_the_window_is_shown(converse, endpoint, tmp_path):
    (tmp_path / "repository/long.txt").write_text("many words in a file\n" * 300)
    endpoint.script(
        calls(("read", {"path": "long.txt"})), text("Read."), text("The notes."), text("Still here.")
    )

    async def person(at):
        await at.says("Read it")
        await at.sees("Read.")
        at.type("/context\r")
        await at.sees("outputs of calls")
        at.type("/compact the names\r")
        await at.sees("shortened before the next question")
        await at.says("And now?")
        await at.sees("the user asked for it")
        await at.sees("Still here.")

    await converse(person)
    assert "keep above all: the names" in json.dumps(bodies(endpoint)[2])
    assert "The notes." in json.dumps(bodies(endpoint)[3]) and "many words" not in json.dumps(
        bodies(endpoint)[3]
    )


@pytest.mark.slow
async def test_sessions_are_forked_and_resumed(converse, endpoint):
    endpoint.script(text("One."), text("Two."), text("Three."))

    async def person(at):
        await at.says("First")
        await at.sees("One.")
        await until(lambda: not at.talk.working, lambda: "the end")
        first = at.talk.status.session
        at.type("/fork\r")
        await at.sees("Going on with the copy")
        assert at.talk.status.session != first
        await at.says("Second")
        await at.sees("Two.")
        await until(lambda: not at.talk.working, lambda: "the end")
        at.type(f"/resume {first}\r")
        await at.sees(f"Going on with session {first}")
        at.type("/resume\r")
        await at.sees("Go on with which?")
        await at.answers("2\r")
        await at.sees("Going on with session", times=2)
        at.talk.status.session = first
        await at.says("Third")
        await at.sees("Three.")

    await converse(person)
    assert said_by_user(endpoint, 1)[-2:] == ["First", "Second"]
    assert said_by_user(endpoint, 2)[-2:] == ["First", "Third"]


async def test_the_words_are_those_of_the_language(converse, endpoint):
    async def person(at):
        at.type("/cost\r")
        await at.sees("价格未知")

    at = await converse(person, lang="zh")
    assert "正在" in at.seen
