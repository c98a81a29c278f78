"""The programs that are measured side by side: ours, and of others those that are found.

``codex`` (npm's ``@openai/codex``) and ``pi`` (``@earendil-works/pi-coding-agent``) are looked for in a
folder, also as npm fills one, or on the path. Each gets a home folder of its own with nothing in it but how
to reach the scripted service.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_NATIVE = ("*/vendor/*/bin/codex", "*/vendor/*/codex/codex")
"""Where npm's package of codex has the compiled program that its script starts."""


@dataclass(frozen=True)
class Program:
    """A program that is measured."""

    name: str
    command: Callable[[Path, Path, str], list[str]]
    """Made from its home folder, the folder to work in and the service's base URL."""
    environment: Callable[[Path], dict[str, str]] = lambda home: {}

    def start(self, home: Path, work: Path, base_url: str) -> subprocess.Popen[bytes]:
        """The program at work on a task, with nothing from this process's environment but the path."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), **self.environment(home)}
        return subprocess.Popen(
            self.command(home, work, base_url),
            cwd=work,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def ours(sandbox: str = "auto", turns: int = 1000) -> Program:
    """This program, by the Python that runs the benchmark."""

    def command(home: Path, work: Path, base_url: str) -> list[str]:
        start = [sys.executable, "-P", "-m", "seedsmith", "run", "Go", "-C", str(work), "--json"]
        model = ["-m", "openai/scripted", "--base-url", base_url]
        return [*start, *model, "--sandbox", sandbox, "--max-turns", str(turns + 9)]

    def environment(home: Path) -> dict[str, str]:
        return {"SEEDSMITH_HOME": str(home / "state"), "SEEDSMITH_API_KEY": "none"}

    return Program("seedsmith", command, environment)


def codex(path: str) -> Program:
    """OpenAI's Codex, without its sandbox."""

    def command(home: Path, work: Path, base_url: str) -> list[str]:
        settings = {
            "model": "scripted",
            "model_provider": "scripted",
            "model_providers.scripted.name": "scripted",
            "model_providers.scripted.base_url": base_url,
            "model_providers.scripted.wire_api": "responses",
            "analytics.enabled": False,
            "check_for_update_on_startup": False,
        }
        given = [f"-c{name}={json.dumps(value)}" for name, value in settings.items()]
        return [
            path,
            "exec",
            *given,
            "--dangerously-bypass-approvals-and-sandbox",
            "--skip-git-repo-check",
            "Go",
        ]

    def environment(home: Path) -> dict[str, str]:
        folder = home / ".codex"
        folder.mkdir(parents=True, exist_ok=True)
        return {"CODEX_HOME": str(folder)}

    return Program("codex", command, environment)


def pi(path: str) -> Program:
    """Pi, which has no sandbox."""

    def command(home: Path, work: Path, base_url: str) -> list[str]:
        model = {"id": "scripted", "name": "scripted", "contextWindow": 200_000, "maxTokens": 8_000}
        provider = {"baseUrl": base_url, "api": "openai-completions", "apiKey": "none", "models": [model]}
        folder = home / ".pi/agent"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "models.json").write_text(json.dumps({"providers": {"scripted": provider}}))
        return [path, "--provider", "scripted", "--model", "scripted", "-p", "Go"]

    def environment(home: Path) -> dict[str, str]:
        return {"PI_CODING_AGENT_DIR": str(home / ".pi/agent"), "PI_OFFLINE": "1"}

    return Program("pi", command, environment)


PEERS = {"codex": codex, "pi": pi}


def find_peers(folder: Path | None) -> list[Program]:
    """The peers in ``folder``, or on the path; none that is not there."""
    path = (
        os.pathsep.join(map(str, (folder, folder / "bin", folder / "node_modules/.bin"))) if folder else None
    )
    found = {name: shutil.which(name, path=path) for name in PEERS}
    return [PEERS[name](str(_native(Path(place)))) for name, place in found.items() if place]


def _native(place: Path) -> Path:
    """The compiled program behind npm's script, where there is one; else the script itself."""
    package = place.resolve().parent.parent
    if package.name != "codex":
        return place
    roots = (package, package / "node_modules/@openai", package.parent)
    return next((found for root in roots for shape in _NATIVE for found in root.glob(shape)), place)
