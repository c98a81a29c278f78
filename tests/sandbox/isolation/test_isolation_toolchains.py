"""What is shown of the hidden folders, and what never is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from seedsmith.sandbox.isolation.environment import command_environment
from seedsmith.sandbox.isolation.masks import SECRETS, home_folders
from seedsmith.sandbox.isolation.toolchains import needed_folders, search_path


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder beneath ``/tmp``, which is hidden as well."""
    folder = tmp_path / "home"
    for name in (".ssh", ".config/tool", ".cargo/bin", ".cargo/registry", "work"):
        (folder / name).mkdir(parents=True)
    (folder / ".cargo/credentials.toml").write_text("token")
    return folder


def program(path: Path, text: str = "#!/bin/sh\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def shown(home: Path, *entries: Path | str, **variables: str) -> set[Path]:
    environ = {"HOME": str(home), "PATH": ":".join(map(str, entries)), **variables}
    return set(needed_folders(environ, home / "work"))


def covers(folders: set[Path], path: Path) -> bool:
    return any(path == folder or folder in path.parents for folder in folders)


def test_secrets_are_never_shown(home: Path) -> None:
    for folder in (".ssh/bin", ".config/tool/bin", "bin"):
        program(home / folder / "tool")
    found = shown(home, home, home / ".ssh/bin", home / ".config/tool/bin", home / "bin", home / ".cargo/bin")
    for secret in (".ssh", ".config", ".cargo/credentials.toml", ".bashrc"):
        assert not covers(found, home / secret)
    assert home not in found
    assert covers(found, home / "bin/tool")
    assert covers(found, home / ".cargo/registry")


@pytest.mark.parametrize("name", SECRETS)
def test_no_installation_shows_a_secret(home: Path, name: str) -> None:
    """Whatever is hidden by itself in a home that is the workspace is in no toolchain either."""
    secret = home / name
    roots = {secret, *(parent for parent in secret.parents if home in parent.parents)}
    for root in roots:
        if root.suffix or root.name == "credentials":
            continue
        program(root / "bin/tool")
        (root / "lib").mkdir()
    secret.parent.mkdir(parents=True, exist_ok=True)
    if not secret.exists():
        secret.write_text("secret")
    found = shown(
        home, *(root / "bin" for root in roots), JAVA_HOME=str(secret), PYTHONPATH=str(secret.parent)
    )
    assert not covers(found, secret)
    assert all(secret not in folder.parents for folder in found)


def test_a_version_manager_is_shown_whole(home: Path) -> None:
    program(home / ".pyenv/shims/python")
    program(home / ".pyenv/versions/3.12/bin/python")
    assert covers(shown(home, home / ".pyenv/shims"), home / ".pyenv/versions/3.12/bin/python")


def test_a_node_installation_is_shown_with_its_modules(home: Path) -> None:
    node = home / ".nvm/versions/node/v22"
    program(node / "bin/node")
    (node / "lib/node_modules").mkdir(parents=True)
    found = shown(home, node / "bin")
    assert covers(found, node / "lib/node_modules")
    assert not covers(found, home / ".nvm/alias")


def test_links_and_first_lines_lead_to_what_they_need(home: Path) -> None:
    python = home / ".local/share/uv/python/cpython-3.12/bin/python3"
    program(python)
    (python.parent.parent / "lib").mkdir()
    environment = home / ".local/share/pipx/venvs/black"
    program(environment / "bin/black", f"#!{environment}/bin/python\n")
    (environment / "bin/python").symlink_to(python)
    (environment / "pyvenv.cfg").write_text(f"home = {python.parent}\n")
    (home / ".local/bin").mkdir()
    (home / ".local/bin/black").symlink_to(environment / "bin/black")
    (home / ".local/share/keyrings").mkdir()
    found = shown(home, home / ".local/bin")
    assert covers(found, environment / "bin/black")
    assert covers(found, python)
    assert not covers(found, home / ".local/share/keyrings")


def test_the_interpreter_of_an_environment_in_the_workspace_is_shown(home: Path) -> None:
    python = program(home / ".pythons/3.13/bin/python3")
    (python.parent.parent / "lib").mkdir()
    environment = home / "work/.venv"
    program(environment / "bin/pytest")
    (environment / "pyvenv.cfg").write_text(f"home = {python.parent}\nversion = 3.13\n")
    found = shown(home, "/usr/bin")
    assert covers(found, python)
    assert not covers(found, environment)


def test_the_interpreter_running_this_is_shown_where_it_is_hidden(home: Path) -> None:
    environ = {"HOME": str(home), "PATH": "/usr/bin"}
    hidden = [*home_folders(environ), Path("/tmp")]
    found = shown(home, "/usr/bin")
    for prefix in (Path(sys.prefix), Path(sys.base_prefix)):
        if covers(set(hidden), prefix):
            assert covers(found, prefix / "bin")


def test_the_search_path_holds_nothing_from_the_workspace(home: Path) -> None:
    work = home / "work"
    for folder in ("bin", ".venv/bin"):
        program(work / folder / "git")
    (home / "link").symlink_to(work / "bin")
    entries = [str(work / "bin"), str(work / ".venv/bin"), ".", "", "bin", str(home / "link"), "/usr/bin"]
    plain = {"PATH": ":".join(entries)}
    assert [str(path) for path in search_path(plain, work)][0] == "/usr/bin"
    active = search_path({**plain, "VIRTUAL_ENV": str(work / ".venv")}, work)
    assert active[0] == work / ".venv/bin"
    assert work / "bin" not in active


@pytest.mark.parametrize("folder", ["/", "/usr/sbin", "/etc", "/tmp", "relative", "/nonexistent"])
def test_an_odd_home_hides_nothing_the_system_needs(folder: str) -> None:
    hidden = home_folders({"HOME": folder})
    assert not any(Path(name) in hidden for name in ("/", "/usr", "/usr/sbin", "/etc", "/tmp"))


def test_the_environment_keeps_toolchains_and_drops_secrets(home: Path) -> None:
    environ = {
        "HOME": str(home),
        "PATH": "/usr/bin",
        "JAVA_HOME": "/opt/java",
        "LC_ALL": "C.UTF-8",
        "OPENAI_API_KEY": "k",
        "AWS_SECRET_ACCESS_KEY": "k",
        "NPM_TOKEN": "k",
        "GOFLAGS": "-modfile=https://user:pass@example.org/x",
        "LD_PRELOAD": "/evil.so",
        "BASH_ENV": "/evil.sh",
        "GIT_DIR": "/elsewhere",
        "PYTHONPATH": "relative:/opt/lib",
    }
    clean = command_environment(environ, home / "work")
    assert clean["JAVA_HOME"] == "/opt/java"
    assert clean["LC_ALL"] == "C.UTF-8"
    assert clean["CARGO_HOME"] == str(home / ".cargo")
    assert clean["PYTHONPATH"] == "/opt/lib"
    assert clean["HOME"] != str(home)
    assert not {"OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "NPM_TOKEN", "GOFLAGS"} & set(clean)
    assert not {"LD_PRELOAD", "BASH_ENV", "GIT_DIR"} & set(clean)


def test_package_managers_are_told_that_there_is_no_network(tmp_path) -> None:
    names = {"npm_config_offline", "PIP_NO_INDEX", "UV_OFFLINE", "CARGO_NET_OFFLINE", "GOPROXY"}
    assert names <= command_environment({}, tmp_path).keys()
    assert not names & command_environment({}, tmp_path, network=True).keys()
