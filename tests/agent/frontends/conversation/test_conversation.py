"""A conversation as a person has it: keys go in, the screen is read, the endpoint sees what was asked."""

from __future__ import annotations

import json

import pytest
from conversing import CONTROL_C, CONTROL_T, EDIT, ESCAPE, SHIFT_TAB, bodies, said_by_user, until
from scripted_endpoint import calls, error, text


@pytest.mark.slow
async def test_messages_go_on_with_one_session(converse, endpoint):
    endpoint.script(calls(EDIT), text("Changed **it**."), text("You are welcome."))

    async def person(at):
        await at.says("Change it")
        await at.sees("with nothing verified")
        await at.says("Thanks")
        await at.sees("You are welcome.")

    at = await converse(person)
    assert "edit a.txt" in at.seen and "Changed it." in at.seen and "**" not in at.seen
    assert said_by_user(endpoint, 2)[-2:] == ["Change it", "Thanks"]


@pytest.mark.slow
async def test_what_is_typed_while_it_works_reaches_the_next_question(converse, endpoint, tmp_path):
    endpoint.script(calls(("shell", {"command": "until [ -e go ]; do :; done"})), text("Heard."))

    async def person(at):
        await at.says("Begin")
        await until(lambda: bool(at.talk._screen._running), lambda: "the command")
        at.type("In English, please\r")
        await at.sees("waits: In English, please")
        (tmp_path / "repository" / "go").touch()
        await at.sees("Heard.")

    await converse(person)
    assert said_by_user(endpoint, 1)[-1] == "In English, please"


@pytest.mark.slow
async def test_escape_stops_the_turn_and_the_conversation_goes_on(converse, endpoint):
    endpoint.script(calls(("shell", {"command": "sleep 600"})), text("Back again."))

    async def person(at):
        await at.says("Begin")
        await until(lambda: bool(at.talk._screen._running), lambda: "the command")
        at.type(ESCAPE)
        await at.sees("Stopped. What was done stays")
        await at.says("Go on")
        await at.sees("Back again.")

    await converse(person)
    results = [each for each in bodies(endpoint)[1]["messages"] if each["role"] == "tool"]
    assert len(results) == 1 and "nterrupted" in results[0]["content"]


@pytest.mark.slow
async def test_what_waits_when_a_turn_is_stopped_comes_back_to_be_edited(converse, endpoint):
    endpoint.script(calls(("shell", {"command": "sleep 600"})), text("Back again."))

    async def person(at):
        await at.says("Begin")
        await until(lambda: bool(at.talk._screen._running), lambda: "the command")
        at.type("Rather in Englis\r")
        await at.sees("waits: Rather in Englis")
        at.type("half")
        at.type(ESCAPE)
        await at.sees("Stopped. What was done stays")
        await until(lambda: not at.talk.working, lambda: "the end")
        assert len(endpoint.requests) == 1 and not at.talk.inbox.waiting
        at.type("h\r")
        await at.sees("Back again.")

    await converse(person)
    assert said_by_user(endpoint, 1)[-1] == "Rather in Englis\n\nhalfh"


@pytest.mark.slow
async def test_what_waits_when_the_service_fails_comes_back(converse, endpoint):
    endpoint.script(calls(("shell", {"command": "until [ -e go ]; do :; done"})), error(401, "NoKey"))

    async def person(at):
        await at.says("Begin")
        await until(lambda: bool(at.talk._screen._running), lambda: "the command")
        at.type("Too late\r")
        await at.sees("waits: Too late")
        at.talk.interrupt = lambda: False  # leaving must not stop what this is about
        endpoint.on_request = lambda _: at.talk.inbox.put("Later still")
        (at.talk.settings.workspace / "go").touch()
        await at.sees("refuses the key")
        await until(lambda: not at.talk.working, lambda: "the end")
        assert len(endpoint.requests) == 2
        await at.sees("Later still")

    await converse(person)


@pytest.mark.slow
async def test_a_question_is_answered_by_a_line_typed_after_it(converse, endpoint):
    endpoint.script(calls(("ask", {"question": "Red or blue?", "options": ["red", "blue"]})), text("Blue."))

    async def person(at):
        at.type("Paint it\r")
        await at.sees("Your answer>")
        await at.answers("2\r")
        await at.sees("Blue.")

    await converse(person)
    assert "blue" in json.dumps(bodies(endpoint)[1]["messages"][-1])


@pytest.mark.slow
async def test_a_command_of_the_person_joins_the_conversation(converse, endpoint):
    endpoint.script(text("I see it."))

    async def person(at):
        at.type("!echo to-$((40 + 2))\r")
        await at.sees("exit code 0")
        await at.says("What does it say?")
        await at.sees("I see it.")

    await converse(person)
    assert "to-42" in said_by_user(endpoint, 0)[-1]


async def test_commands(converse, endpoint):
    async def person(at):
        for line, answer in [
            ("/help", "carry out a skill"),
            ("/effort high", "effort: high"),
            ("/effort loud", "must be"),
            ("/verify true", "verify: true"),
            ("/plan", "plan: nothing is changed"),
            ("/plan", "may change things again"),
            ("/cost", "no price known"),
            ("/context", "is not known"),
            ("/diff", "Nothing has changed."),
            ("/permissions", "ask: you are asked"),
            ("/compact", "no session yet"),
            ("/fork", "no session yet"),
            ("/resume", "no session of this folder"),
            ("/output", "No call has given"),
            ("/modell", "did you mean 'model'?"),
            ("/skills", "/fix-bug"),
            ("/tools", "shell_output"),
            ("/vi", "keys: vi"),
            ("/vi", "keys: emacs"),
        ]:
            at.type(line + "\r")
            await at.sees(answer)
        assert (at.talk.settings.effort, at.talk.settings.verify) == ("high", "true")

    await converse(person)
    assert endpoint.requests == []


async def test_a_long_paste_is_folded_and_sent_whole(converse, endpoint):
    endpoint.script(text("Read."))
    pasted = "\n".join(f"line {number}" for number in range(50))

    async def person(at):
        at.type(f"\x1b[200~{pasted}\x1b[201~")
        await at.sees("[pasted text 1: 50 lines]")
        at.type("\r")
        await at.sees("Read.")

    await converse(person)
    assert said_by_user(endpoint, 0)[-1].endswith(pasted)


@pytest.mark.slow
async def test_keys_show_thoughts_and_switch_approval(converse, endpoint):
    endpoint.script(text("Hello.", reasoning="A person greets me."))

    async def person(at):
        await at.says("Hi")
        await at.sees("Hello.")
        at.type(CONTROL_T)
        await at.sees("A person greets me.")
        at.type(SHIFT_TAB)
        await at.sees("refused without asking")
        at.type(SHIFT_TAB)
        await at.sees("answers with a plan")
        at.type("first\\\rsecond")
        await at.sees("second")
        at.type(CONTROL_C)

    at = await converse(person)
    assert at.talk.settings.approve == "plan"


async def test_what_the_model_says_is_neither_markup_nor_control(converse, endpoint):
    endpoint.script(text("[red]x[/red] \x1b]0;owned\x07 \u202eabc"))

    async def person(at):
        await at.says("Hi")
        await at.sees("abc")

    at = await converse(person)
    assert "[red]x[/red]" in at.seen and "\x1b]0;owned" not in at.seen and "\u202e" not in at.seen


@pytest.mark.slow
async def test_a_defect_is_told_and_the_conversation_goes_on(converse, endpoint, monkeypatch):
    endpoint.script(text("Now."))

    async def person(at):
        with monkeypatch.context() as broken:
            broken.setattr("seedsmith.agent.run.run.open_run", None)
            await at.says("Hi")
            await at.sees("Something unforeseen went wrong (TypeError")
        await at.says("Again")
        await at.sees("Now.")

    await converse(person)
    assert len(endpoint.requests) == 1


async def test_an_error_is_a_sentence_and_the_conversation_goes_on(converse, endpoint):
    endpoint.script(text("Now."))

    async def person(at):
        model = at.talk.settings.model
        at.talk.set(model="nobody/nothing")
        await at.says("Hi")
        await at.sees("nobody")
        at.talk.set(model=model)
        await at.says("Again")
        await at.sees("Now.")

    await converse(person)
    assert len(endpoint.requests) == 1
