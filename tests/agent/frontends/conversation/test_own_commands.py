"""What a person does beside the turns: commands of their own, stopped by keys and by the signal."""

from __future__ import annotations

import os
import signal

import pytest
from conversing import CONTROL_C, ESCAPE, said_by_user, until
from scripted_endpoint import text

from seedsmith.agent.frontends.conversation.commands import COMMANDS
from seedsmith.agent.frontends.conversation.own_commands import stoppable


@pytest.mark.slow
async def test_a_command_is_stopped_by_a_key_and_the_conversation_goes_on(converse, endpoint):
    endpoint.script(text("Here."))

    async def person(at):
        at.type("!echo begun; sleep 600\r")
        await at.sees("… $ echo begun; sleep 600")
        at.type(ESCAPE)
        await at.sees("Stopped. What was done stays")
        await at.says("Still there?")
        await at.sees("Here.")

    await converse(person)
    assert said_by_user(endpoint, 0)[-1] == "Still there?"


@pytest.mark.slow
async def test_a_message_waits_for_the_commands_before_it(converse, endpoint, tmp_path):
    endpoint.script(text("I see it."))

    async def person(at):
        at.type("!until [ -e go ]; do :; done; echo to-$((40 + 2))\r")
        await at.sees("… $ until")
        await at.says("What does it say?")
        (tmp_path / "repository" / "go").touch()
        await at.sees("I see it.")

    await converse(person)
    assert "to-42" in said_by_user(endpoint, 0)[-1]


async def test_the_signal_stops_what_no_prompt_stands_below(converse, monkeypatch):
    async def for_ever(talk, _):
        os.kill(os.getpid(), signal.SIGINT)
        await until(lambda: False, lambda: "the end")

    monkeypatch.setitem(COMMANDS, "cost", for_ever)

    async def person(at):
        at.type("/cost\r")
        await at.sees("Stopped. What was done stays")
        at.type("/effort\r")
        await at.sees("effort: the default")

    assert "unforeseen" not in (await converse(person)).seen


@pytest.mark.slow
async def test_leaving_takes_the_key_twice_and_says_so(converse):
    async def person(at):
        at.type(CONTROL_C)
        await at.sees("Ctrl-C again leaves.")
        at.type(f"half{CONTROL_C}{CONTROL_C}")
        await at.sees("Ctrl-C again leaves.", times=2)

    assert (await converse(person)).seen.count("Ctrl-C again leaves.") == 2


async def test_an_end_is_no_interruption(converse):
    async def person(at):
        async def leaves():
            raise EOFError

        with pytest.raises(EOFError):
            await stoppable(leaves(), at.talk)

    assert "Stopped." not in (await converse(person)).seen
