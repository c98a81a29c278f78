"""A small real repository with a failing test, for ``seedsmith demo``; its repair is not scripted."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from seedsmith.agent.settings.settings import Settings
from seedsmith.sandbox.isolation.own_programs import own_program

SOURCE = Path(__file__).with_name("demo_repository")
"""The repository's files, one of them with a bug. Another bug is another set of files here."""
LOCAL_MODEL = "qwen2.5-coder-1.5b"
_AUTHOR = ("-c", "user.name=Seedsmith demo", "-c", "user.email=demo@seedsmith.invalid")


def make_repository(folder: Path) -> bool:
    """Copy the program into the new ``folder`` and commit it; False where there is no git to commit with."""
    shutil.copytree(SOURCE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    git = own_program("git", os.environ, Path.cwd())
    if git is None:
        return False
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    clean |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    commands = (
        ("init", "-q", "-b", "main"),
        ("add", "."),
        (*_AUTHOR, "commit", "-q", "-m", "Fines for late books"),
    )
    for arguments in commands:
        subprocess.run((git, *arguments), cwd=folder, env=clean, check=True, stdin=subprocess.DEVNULL)
    return True


def test_command() -> str:
    """What runs the repository's tests: the standard library's unittest under this very Python."""
    return f"{shlex.quote(sys.executable)} -m unittest"


def needs_local_model(settings: Settings, environment: Mapping[str, str]) -> bool:
    """Whether a run would find no model: none is named, and no key at hand chooses one."""
    if settings.model or settings.base_url or settings.api_key:
        return False
    from seedsmith.agent.models.catalog import catalog
    from seedsmith.agent.models.open import default_model

    return not default_model(catalog.load(environment), environment)
