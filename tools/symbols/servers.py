"""Which language servers and linters a repository uses and has: known by its own configuration files."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import field
from pathlib import Path
from typing import Any

from seedsmith.sandbox.lazy_dataclass import dataclass

ERROR, WARNING = 1, 2
"""How grave a finding is, as the protocol numbers it."""
_OWN_PROGRAMS = (".venv/bin", "venv/bin", "node_modules/.bin")
"""Where a repository has programs of its own; they go before those of ``PATH``."""
_MOST_CONFIGURATION = 1 << 20
_PYTHON = {".py": "python", ".pyi": "python"}
_SCRIPTS = {
    ".ts": "typescript",
    ".tsx": "typescriptreact",
    ".mts": "typescript",
    ".cts": "typescript",
    ".js": "javascript",
    ".jsx": "javascriptreact",
    ".mjs": "javascript",
    ".cjs": "javascript",
}
_C = {".c": "c", ".h": "c", ".cc": "cpp", ".cpp": "cpp", ".cxx": "cpp", ".hpp": "cpp", ".hh": "cpp"}


@dataclass(frozen=True, slots=True)
class KnownServer:
    """A language server as programs of its kind are started."""

    name: str
    argv: tuple[str, ...]
    languages: Mapping[str, str]
    """What the protocol calls the language of a file, by the end of its name."""
    marks: tuple[str, ...]
    """Files at the workspace's top that say that the repository uses it; ``FILE[TABLE]`` by a table in it."""
    navigates: bool = True
    """Whether it knows definitions and references; a linter does not."""
    gravest: int = ERROR
    """Findings up to this severity are told of."""
    environment: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    """What it is told at its start besides what the protocol names."""
    silent: bool = False
    """Whether it says nothing of a file that is clean and was so before, and else tells findings in parts."""
    part_of: str = ""
    """A file of the installation in the workspace that the server comes with; '' for one of its own."""


@dataclass(frozen=True, slots=True)
class Server:
    """A known server that this workspace uses and has."""

    known: KnownServer
    argv: tuple[str, ...]

    @property
    def name(self) -> str:
        """As the model reads it."""
        return self.known.name

    def language(self, path: str) -> str | None:
        """What the protocol calls the language of ``path``; None where the server doesn't serve it."""
        return self.known.languages.get(Path(path).suffix.lower())


_PYRIGHT = ("pyrightconfig.json", "pyproject.toml[tool.pyright]", "pyproject.toml[tool.basedpyright]")
_CONFIGURED_SCRIPTS = ("tsconfig.json", "jsconfig.json")
KNOWN = (
    KnownServer("ty", ("ty", "server"), _PYTHON, ("ty.toml", "pyproject.toml[tool.ty]")),
    KnownServer("basedpyright", ("basedpyright-langserver", "--stdio"), _PYTHON, _PYRIGHT),
    KnownServer("pyright", ("pyright-langserver", "--stdio"), _PYTHON, _PYRIGHT),
    KnownServer(
        "ruff",
        ("ruff", "server"),
        _PYTHON,
        ("ruff.toml", ".ruff.toml", "pyproject.toml[tool.ruff]"),
        navigates=False,
        gravest=WARNING,
    ),
    KnownServer(
        "tsc",
        ("tsc", "--lsp", "--stdio"),
        _SCRIPTS,
        _CONFIGURED_SCRIPTS,
        part_of="node_modules/typescript/lib/getExePath.js",  # TypeScript 7, which is a server itself
    ),
    KnownServer(
        "typescript",
        ("typescript-language-server", "--stdio"),
        _SCRIPTS,
        _CONFIGURED_SCRIPTS,
        silent=True,
        options={"tsserver": {"useSyntaxServer": "never"}},  # else it answers before it knows all files
    ),
    KnownServer("gopls", ("gopls",), {".go": "go"}, ("go.mod", "go.work")),
    KnownServer(
        "rust-analyzer",
        ("rust-analyzer",),
        {".rs": "rust"},
        ("Cargo.toml",),
        silent=True,
        environment={"CARGO_TARGET_DIR": "/tmp/rust-analyzer"},  # noqa: S108 - the session's own
    ),
    KnownServer("clangd", ("clangd",), _C, ("compile_commands.json", "compile_flags.txt", ".clangd")),
)
_INSTEAD = {"pyright": "basedpyright", "typescript": "tsc"}
"""Of two that would say the same the second is taken, where there are both."""


def find_servers(root: Path, environment: Mapping[str, str]) -> tuple[Server, ...]:
    """The servers that the repository at ``root`` is configured for and that are installed."""
    found: dict[str, Server] = {}
    texts: dict[str, str] = {}
    for known in KNOWN:
        if _INSTEAD.get(known.name) in found:
            continue
        if not any(_is_marked(root, mark, texts) for mark in known.marks):
            continue
        if known.part_of and not (root / known.part_of).is_file():
            continue
        if program := _program(root, known.argv[0], environment):
            found[known.name] = Server(known, (program, *known.argv[1:]))
    return tuple(found.values())


def _is_marked(root: Path, mark: str, texts: dict[str, str]) -> bool:
    name, _, table = mark.rstrip("]").partition("[")
    if not table:
        return (root / name).is_file()
    if name not in texts:
        texts[name] = ""
        with suppress(OSError):
            with (root / name).open("rb") as file:
                texts[name] = file.read(_MOST_CONFIGURATION).decode("utf-8", "replace")
    return re.search(rf"^\s*\[+{re.escape(table)}[\].]", texts[name], re.MULTILINE) is not None


def _program(root: Path, name: str, environment: Mapping[str, str]) -> str | None:
    own = os.pathsep.join(str(root / folder) for folder in _OWN_PROGRAMS)
    return shutil.which(name, path=own) or shutil.which(name, path=environment.get("PATH", ""))
