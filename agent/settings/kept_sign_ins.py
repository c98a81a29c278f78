"""Sign-ins to MCP servers, kept between sessions: in the system's keyring, else in a file each."""

from __future__ import annotations

from pathlib import Path

from seedsmith.agent.settings import system_keyring
from seedsmith.sandbox.atomic_file import write_atomically

FOLDER = "mcp-sign-ins"
_IN_KEYRING = b"@keyring"
_MOST_BYTES = 256 << 10


class KeptSignIns:
    """The sign-ins by name; their files in ``state`` are readable by the user alone."""

    def __init__(self, state: Path) -> None:
        self._folder = state / FOLDER

    def read(self, name: str) -> str:
        """What was kept under ``name``; '' for nothing."""
        try:
            with self._path(name).open("rb") as file:
                content = file.read(_MOST_BYTES)
        except OSError:
            return ""
        return (
            system_keyring.kept(_key(name)) if content == _IN_KEYRING else content.decode("utf-8", "replace")
        )

    def write(self, name: str, text: str) -> None:
        """Keep ``text`` under ``name``; raises OSError."""
        in_keyring = system_keyring.keep(_key(name), text)
        write_atomically(self._path(name), _IN_KEYRING if in_keyring else text.encode())

    def forget(self, name: str) -> bool:
        """Keep nothing under ``name``; whether anything was."""
        was = bool(self.read(name))
        system_keyring.forget(_key(name))
        self._path(name).unlink(missing_ok=True)
        return was

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"


def _key(name: str) -> str:
    return f"mcp-sign-in-{name}"
