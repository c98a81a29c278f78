"""The conversation's own weight: from a key to its echo while an answer streams, and memory of a long talk.

    python benchmarks/conversation.py [--seconds 5] [--lines 10000]

A front end is fed the events of an answer of 200 tokens a second; meanwhile keys are typed, and the time is
taken until the terminal shows each. Then an answer of many lines is shown, and the peak memory of the process
is read. No model and no network.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import resource
import statistics
import tempfile
import time
from pathlib import Path

from prompt_toolkit.application import create_app_session
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output

from seedsmith.agent.events import EventSink, Text
from seedsmith.agent.frontends.conversation.conversation import Conversation
from seedsmith.agent.settings.settings import Settings

TOKENS_PER_SECOND = 200
KEYS = "abcdefghijklmnopqrstuvwxyz"


class Screen(io.StringIO):
    """What the terminal shows, without keeping it: only what came since the last look."""

    def __init__(self) -> None:
        super().__init__()
        self.new = ""

    def write(self, text: str) -> int:
        self.new += text
        return len(text)


async def measure(seconds: float, lines: int) -> tuple[list[float], int]:
    """Milliseconds from each key to its echo, and the peak memory in KB after ``lines`` lines."""
    screen = Screen()
    with tempfile.TemporaryDirectory() as folder, create_pipe_input() as keyboard:
        output = Vt100_Output(screen, lambda: Size(rows=40, columns=100), term="xterm")  # type: ignore[arg-type]
        with create_app_session(input=keyboard, output=output):
            talk = Conversation(Settings(workspace=Path(folder)), {}, terminal=(keyboard, output))
            task = asyncio.create_task(talk.talk())
            await asyncio.sleep(0.5)
            assert talk._screen is not None
            sink = EventSink("s", (talk._screen,))
            talk._turn = asyncio.create_task(stream(sink, seconds))
            found = await keys(keyboard, screen, talk)
            await talk._turn
            talk._screen.idle()
            for number in range(lines):
                sink.emit(Text(f"Line {number} of an answer that is long.\n\n"))
                if number % 50 == 0:
                    await asyncio.sleep(0)
                    screen.new = ""
            await asyncio.sleep(1)
            keyboard.send_text("\x15/quit\r")
            await task
    return found, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


async def stream(sink: EventSink, seconds: float) -> None:
    """An answer, token by token."""
    for number in range(int(seconds * TOKENS_PER_SECOND)):
        sink.emit(Text("0000 " if number % 12 else "0000\n\n"))
        await asyncio.sleep(1 / TOKENS_PER_SECOND)


async def keys(keyboard: object, screen: Screen, talk: Conversation) -> list[float]:
    """Type letters while the answer streams; the milliseconds until each is on the screen."""
    found = []
    while talk.working:
        for key in KEYS:
            screen.new = ""
            began = time.perf_counter()
            keyboard.send_text(key)  # type: ignore[attr-defined]
            while key not in screen.new and time.perf_counter() - began < 2:
                await asyncio.sleep(0.0005)
            found.append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(0.05)
            if not talk.working:
                break
        keyboard.send_text("\x15")  # type: ignore[attr-defined]
        await asyncio.sleep(0.05)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--lines", type=int, default=10_000)
    given = parser.parse_args()
    found, kilobytes = asyncio.run(measure(given.seconds, given.lines))
    ordered = sorted(found)
    print(f"{len(found)} keys: median {statistics.median(found):.1f} ms, ", end="")
    print(f"95 % within {ordered[int(len(ordered) * 0.95) - 1]:.1f} ms, worst {ordered[-1]:.1f} ms")
    print(f"peak memory after {given.lines:,} lines: {kilobytes / 1024:.0f} MB")


if __name__ == "__main__":
    main()
