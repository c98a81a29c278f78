"""A conversation against the scripted service."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable

import pytest
from conversing import Person
from prompt_toolkit.application import create_app_session
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output
from scripted_settings import scripted_settings
from waiting import until

from seedsmith.agent.frontends.conversation.conversation import Conversation

COLUMNS = 240
"""The paths of whatever folder pytest makes fit in a line."""


@pytest.fixture(autouse=True)
def a_terminal_that_draws(monkeypatch):
    """Whatever terminal the tests are run in, the one of the conversation can move its cursor."""
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.fixture
def converse(tmp_path, endpoint, monkeypatch):
    """Hold a conversation in which a coroutine is the person."""
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "a.txt").write_text("one\n")
    settings = scripted_settings(endpoint, repository, tmp_path / "state")

    async def hold(person: Callable[[Person], Awaitable[None]], **more) -> Person:
        screen = io.StringIO()
        with create_pipe_input() as keyboard:
            output = Vt100_Output(screen, lambda: Size(rows=40, columns=COLUMNS), term="xterm")
            with create_app_session(input=keyboard, output=output):
                talk = Conversation(settings.model_copy(update=more), {"PATH": "/usr/bin:/bin"})
                living = Person(talk, keyboard, screen)
                task = asyncio.create_task(talk.talk())
                # keys that come before the line is shown are another thing to test
                await until(
                    lambda: task.done() or "m>" in living.seen,
                    lambda: f"the line to type in: {living.seen!r}",
                )
                try:
                    await person(living)
                finally:
                    living.type("\x15\r/quit\r" if not task.done() else "")
                    await asyncio.wait_for(task, 60)
        return living

    return hold
