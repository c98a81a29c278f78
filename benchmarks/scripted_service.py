"""The scripted model service in a process of its own, for programs that are measured from outside.

It answers at once and notes when each question came. Its steps are those of
``tests/support/serve_endpoint.py``, and these: ``{"commands": ["echo 1"]}`` calls whatever tool the program
that asks has for commands. With ``"after": 1.0`` an answer comes so many seconds after its question.
"""

from __future__ import annotations

import base64
import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TEST_SUPPORT = Path(__file__).parents[1] / "tests" / "support"
COMMAND_TOOLS = {"shell": "command", "bash": "command", "exec_command": "cmd", "shell_command": "command"}
"""How the programs call their tools for commands, and the parameter that holds the command."""
_PATHS = ("/chat/completions", "/responses")


@dataclass(frozen=True)
class Question:
    """One request of the program."""

    arrived: float
    """Seconds of the monotonic clock, which all processes share."""
    size: int
    """Bytes of its body."""
    body: bytes
    """Empty where bodies are not kept."""


class Service:
    """The service at work; what came is known once it is left."""

    def __init__(self, folder: Path, steps: Iterable[dict[str, Any]], *, keeps_bodies: bool = True) -> None:
        """``folder`` is for its files. Ten thousand bodies would be too much: ``keeps_bodies`` keeps them."""
        self._script, self._log = folder / "script.json", folder / "log.json"
        self._script.write_text(
            json.dumps({"steps": list(steps), "keeps": keeps_bodies, "watched": str(folder / "watched")})
        )
        self._watched = folder / "watched"
        self._watched.unlink(missing_ok=True)
        self.questions: list[Question] = []
        self.processor = 0.0
        """Seconds of processor time that the watched program had taken when it asked first."""
        self.answered = 0.0
        """When the last answer was complete."""

    def __enter__(self) -> Service:
        command = [sys.executable, __file__, str(self._script), str(self._log)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.base_url = json.loads(self._process.stdout.readline())["base_url"]
        return self

    def watch(self, pid: int) -> None:
        """Have the processor time of a program noted, which was started just now."""
        self._watched.write_text(str(pid))

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        seen = json.loads(self._log.read_text())
        self.questions = [
            Question(arrived, size, base64.b64decode(body)) for arrived, size, body in seen["asked"]
        ]
        self.answered = seen["answered"]
        self.processor = seen["processor"]


class _Script:
    """Gives the steps one after the other, in the form that the program at the other end understands."""

    def __init__(self, steps: list[dict[str, Any]], answer: Any) -> None:
        self._steps = iter(steps)
        self._answer = answer
        self._tool = ("", "")
        self.answered = 0.0

    def __call__(self, request: Any) -> Any:
        step = dict(next(self._steps))
        if commands := step.pop("commands", None):
            self._tool = self._tool if self._tool[0] else command_tool(request.body["tools"])
            name, parameter = self._tool
            step["calls"] = [(name, {parameter: command}) for command in commands]
        time.sleep(step.pop("after", 0.0))  # nobody else asks meanwhile
        self.answered = time.monotonic()
        return self._answer(**step)


def command_tool(tools: list[dict[str, Any]]) -> tuple[str, str]:
    """The tool for commands among ``tools``, as either wire tells of them, and its parameter."""
    names = [tool.get("function", tool).get("name") for tool in tools]
    return next((name, COMMAND_TOOLS[name]) for name in names if name in COMMAND_TOOLS)


def serve(script: Path, log: Path) -> None:
    """The service's process: answer, and only at the end write down what came when."""
    sys.path.insert(0, str(TEST_SUPPORT))
    scripted = importlib.import_module("scripted_endpoint")
    told = json.loads(script.read_text())
    asked: list[tuple[float, int, str]] = []
    processor = 0.0
    with scripted.Endpoint() as endpoint:
        steps = _Script(told["steps"], scripted.Answer)

        def note(request: Any) -> None:
            nonlocal processor
            if not asked and Path(told["watched"]).exists():
                processor = processor_seconds(int(Path(told["watched"]).read_text()))
            if request.method == "POST" and request.path.endswith(_PATHS):
                body = base64.b64encode(request.raw).decode() if told["keeps"] else ""
                asked.append((request.arrived, len(request.raw), body))
            if not told["keeps"]:
                endpoint.requests.clear()

        endpoint.script(steps)
        endpoint.on_request = note
        print(json.dumps({"base_url": endpoint.base_url}), flush=True)
        sys.stdin.read()
    log.write_text(json.dumps({"asked": asked, "answered": steps.answered, "processor": processor}))


def processor_seconds(pid: int) -> float:
    """What a process has taken of the processor, in all its threads, and its children that have ended."""
    taken = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            taken += int((thread / "schedstat").read_text().split()[0])
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return taken / 1e9 + (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    serve(Path(sys.argv[1]), Path(sys.argv[2]))
