"""Which servers a repository is said to use and have."""

from __future__ import annotations

import pytest

from seedsmith.tools.symbols.servers import KNOWN, find_servers


@pytest.fixture
def programs(tmp_path):
    """A folder of ``PATH`` that has every known server, and a workspace."""
    folder, root = tmp_path / "bin", tmp_path / "work"
    root.mkdir()
    for known in KNOWN:
        program(folder, known.argv[0])
    return folder, root


def program(folder, name):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("#!/bin/sh\n")
    (folder / name).chmod(0o755)


def names(programs):
    folder, root = programs
    return [each.name for each in find_servers(root, {"PATH": str(folder)})]


@pytest.mark.parametrize(
    "file, content, found",
    [
        ("pyproject.toml", "[project]\nname = 'x'\n# [tool.ty]\n", []),
        ("pyproject.toml", "[tool.ty.rules]\n", ["ty"]),
        ("pyproject.toml", "[tool.tyrant]\n", []),
        ("pyproject.toml", "[[tool.ty.overrides]]\n", ["ty"]),
        ("pyproject.toml", "[tool.ruff]\n[tool.pyright]\n", ["basedpyright", "ruff"]),
        ("pyproject.toml", b"\xff[tool.ruff]\n[tool.ruff]", ["ruff"]),
        ("ruff.toml", "", ["ruff"]),
        ("tsconfig.json", "{}", ["typescript"]),
        ("go.mod", "", ["gopls"]),
        ("Cargo.toml", "", ["rust-analyzer"]),
        (".clangd", "", ["clangd"]),
    ],
)
def test_a_repository_says_what_it_uses(programs, file, content, found):
    (programs[1] / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    assert names(programs) == found


def test_a_typescript_that_is_a_server_goes_before_one_that_needs_another(programs):
    (programs[1] / "tsconfig.json").write_text("{}")
    library = programs[1] / "node_modules" / "typescript" / "lib"
    library.mkdir(parents=True)
    (library / "getExePath.js").write_text("")
    assert names(programs) == ["tsc"]


def test_what_is_not_installed_is_none(programs):
    (programs[1] / "go.mod").write_text("")
    assert find_servers(programs[1], {"PATH": "/nowhere"}) == ()


def test_the_repositorys_own_program_goes_first(programs):
    folder, root = programs
    (root / "ty.toml").write_text("")
    program(root / ".venv" / "bin", "ty")
    (server,) = find_servers(root, {"PATH": str(folder)})
    assert server.argv == (str(root / ".venv/bin/ty"), "server")
