"""Fetching and pushing: outside the sandbox, by the user's own configuration, only where the user said so.

See docs/sandbox.md, "Git". Keys and agents are the user's, so nothing of the repository may say how they are
used: where its configuration names a program, a proxy or another address for a transport, nothing is done.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from seedsmith.sandbox.errors import GitError
from seedsmith.sandbox.git.git import Git
from seedsmith.sandbox.git.safe_settings import UserSettings, environment
from seedsmith.sandbox.isolation.own_programs import outside_path

_SECONDS = 300.0
_MOST_BYTES = 16_000
_PROTOCOLS = ("https", "http", "ssh", "git")
_SPOKEN_FOR = re.compile(
    r"(?:http|credential|url|protocol|ssh|sendpack)\..*|core\.(?:gitproxy|sshcommand|askpass)"
    r"|remote\..*\.(?:uploadpack|receivepack|vcs|proxy|proxyauthmethod|serveroption)"
)
"""What of the repository's configuration would say how the user's keys are used."""
_THE_USER_S = frozenset(("core.sshCommand", "core.askPass", "credential.helper", "protocol.allow"))
_THE_USER_S_VARIABLES = (
    *(
        "GIT_CONFIG_NOSYSTEM",
        "GIT_CONFIG_SYSTEM",
        "GIT_CONFIG_GLOBAL",
        "GIT_SSH_COMMAND",
        "GIT_NO_LAZY_FETCH",
    ),
)
_PASSWORD = re.compile(r"(://)[^/\s@]+@")


def remotes(own: Mapping[str, str]) -> dict[str, str]:
    """The addresses of the repository's remotes by name, from its configuration ``own``."""
    matches = ((re.fullmatch(r"remote\.(.+)\.url", key), value) for key, value in own.items())
    return {match[1]: value for match, value in matches if match}


async def run_remotely(git: Git, arguments: Sequence[str]) -> str:
    """Run ``git ARGUMENTS`` as the user would, deaf to what the repository says of transports; what it said.

    Raises :class:`GitError` where it fails, or the repository's configuration speaks of transports.
    """
    if spoken_for := sorted(key for key in git.own if _SPOKEN_FOR.fullmatch(key)):
        raise GitError(
            f"The repository's own configuration sets {', '.join(spoken_for[:3])}, which may not say how the "
            "user's keys are used: have the user do this by hand."
        )
    process = await asyncio.create_subprocess_exec(
        git.program,
        *arguments,
        cwd=git.repository.workspace,
        env=_variables(git),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # Nothing of it asks at the terminal.
    )
    try:
        async with asyncio.timeout(_SECONDS):
            output, _ = await process.communicate()
    except TimeoutError:
        raise GitError(f"git {arguments[0]} was stopped after {_SECONDS:g} seconds.") from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    text = _PASSWORD.sub(r"\1", output[:_MOST_BYTES].decode("utf-8", "replace")).strip()
    if process.returncode:
        raise GitError(f"git {arguments[0]} failed: {text}")
    return text


def _variables(git: Git) -> dict[str, str]:
    """The user's environment and configuration, above them what silences the repository's."""
    settings = [(key, value) for key, value in git.settings if key not in _THE_USER_S]
    hardened = environment(git.repository, settings)
    for name in _THE_USER_S_VARIABLES:
        del hardened[name]
    hardened["GIT_ALLOW_PROTOCOL"] = ":".join(_protocols(git.user))
    users = {name: value for name, value in git.user.environ.items() if not name.startswith("GIT_")}
    # What git runs by name, ssh and helpers, is found as git itself was: never in the workspace.
    users["PATH"] = outside_path(git.user.environ, git.repository.workspace)
    for name in ("GIT_SSH", *_THE_USER_S_VARIABLES):
        if name in git.user.environ:
            users[name] = git.user.environ[name]
    return {**users, **hardened, **git.identity}


def _protocols(user: UserSettings) -> Iterable[str]:
    said = ((re.fullmatch(r"protocol\.(\w+)\.allow", key), value) for key, value in user.values.items())
    allowed = dict.fromkeys(_PROTOCOLS, "always") | {match[1]: value for match, value in said if match}
    return [name for name, value in allowed.items() if value == "always" and name != "ext"]
