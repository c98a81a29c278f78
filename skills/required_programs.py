"""Programs that skills need: which are missing, and how a person installs them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence

from seedsmith.skills.skill import Skill

_INSTALLERS = (
    ("apt-get", "sudo apt-get install"),
    ("dnf", "sudo dnf install"),
    ("pacman", "sudo pacman -S"),
    ("apk", "sudo apk add"),
    ("zypper", "sudo zypper install"),
    ("brew", "brew install"),
)
_PACKAGES = {
    "convert": "imagemagick",
    "magick": "imagemagick",
    "node": "nodejs",
    "npx": "npm",
    "pdftotext": "poppler-utils",
    "pdftoppm": "poppler-utils",
    "pip": "python3-pip",
    "pip3": "python3-pip",
    "python": "python3",
    "rg": "ripgrep",
    "soffice": "libreoffice",
    "cargo": "cargo",
    "rsvg-convert": "librsvg2-bin",
    "sqlite3": "sqlite3",
}
"""Packages that are called otherwise than their program, as most systems have them."""
_BY_THEIR_MAKERS = {
    "uv": "pip install uv",
    "uvx": "pip install uv",
    "pnpm": "npm install --global pnpm",
    "yarn": "npm install --global yarn",
    "bun": "npm install --global bun",
    "tsx": "npm install --global tsx",
    "poetry": "pipx install poetry",
    "ruff": "pipx install ruff",
}


def missing_programs(skill: Skill, path: str | None = None) -> tuple[str, ...]:
    """Those of the programs it requires that are not on ``path`` (None: this process's PATH)."""
    return tuple(program for program in skill.requires if is_missing(program, path))


def is_missing(program: str, path: str | None = None) -> bool:
    """Whether a program named without a folder is not on ``path``."""
    return "/" not in program and shutil.which(program, path=path) is None


def how_to_install(programs: Sequence[str]) -> str:
    """The commands by which a person installs ``programs`` on this system, as one clause."""
    own = [_BY_THEIR_MAKERS[program] for program in programs if program in _BY_THEIR_MAKERS]
    packages = _packages(program for program in programs if program not in _BY_THEIR_MAKERS)
    if packages:
        found = (words for program, words in _INSTALLERS if shutil.which(program))
        words = next(found, "")
        own.insert(0, f"{words} {' '.join(packages)}" if words else f"the packages {', '.join(packages)}")
    return f"a person can install it: {'; '.join(f'`{each}`' for each in dict.fromkeys(own))}"


def _packages(programs: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(_PACKAGES.get(program, program) for program in programs))
