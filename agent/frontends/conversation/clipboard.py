"""The picture that the desktop's clipboard holds, kept as a file that a message can name."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Mapping
from pathlib import Path

from seedsmith.agent.settings.settings import Settings
from seedsmith.agent.settings.state_folder import state_folder
from seedsmith.sandbox.isolation.own_programs import own_program

_READERS = (
    ("WAYLAND_DISPLAY", ("wl-paste", "--no-newline", "--type", "image/png")),
    ("DISPLAY", ("xclip", "-selection", "clipboard", "-target", "image/png", "-out")),
)
"""Each desktop by the variable that it sets, and the program that prints its clipboard's picture."""
_SECONDS = 5.0
_PNG = b"\x89PNG\r\n\x1a\n"


def keep_picture(environment: Mapping[str, str], settings: Settings) -> Path | None:
    """Write the clipboard's picture below the state folder, and return its place; None where that can't be.

    Programs in the workspace are not run.
    """
    workspace = settings.workspace.resolve()
    for variable, (name, *flags) in _READERS:
        program = own_program(name, environment, workspace) if environment.get(variable) else None
        if program is None:
            continue
        try:
            done = subprocess.run(
                (program, *flags),
                env=dict(environment),
                cwd="/",
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
            )
            if done.stdout.startswith(_PNG):
                return _kept(done.stdout, state_folder(settings.home, environment) / "pasted")
        except (OSError, subprocess.TimeoutExpired):
            continue
    return None


def _kept(data: bytes, folder: Path) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / f"{hashlib.sha256(data).hexdigest()[:12]}.png"
    file.write_bytes(data)
    file.chmod(0o600)
    return file
