"""A name server that doesn't answer holds nobody up."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest

from seedsmith.agent.cli.event_loop import EventLoop


def run(work):
    with asyncio.Runner(loop_factory=EventLoop) as runner:
        return runner.run(work)


def test_a_lookup_that_hangs_does_not_hold_up_the_end(monkeypatch):
    began, answered = threading.Event(), threading.Event()

    def hang(*_):
        began.set()
        answered.wait()
        return []

    async def interrupted():
        lookup = asyncio.ensure_future(asyncio.get_running_loop().getaddrinfo("slow.test", 80))
        while not began.is_set():
            await asyncio.sleep(0)
        lookup.cancel()
        with pytest.raises(asyncio.CancelledError):
            await lookup

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    run(interrupted())  # would wait for ever
    assert not answered.is_set()
    answered.set()


def test_what_it_finds_is_what_the_system_finds():
    async def found():
        return await asyncio.get_running_loop().getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM)

    assert run(found()) == socket.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM)


def test_a_name_that_nobody_knows_is_the_system_s_error(monkeypatch):
    def unknown(*_):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async def look_up():
        await asyncio.get_running_loop().getaddrinfo("nobody.test", 80)

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(socket.gaierror):
        run(look_up())
