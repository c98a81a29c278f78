"""What is shown of the hidden folders, and what never is."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from seedsmith.sandbox.isolation.environment import command_environment
from seedsmith.sandbox.isolation.hidden_folders import SECRETS, home_folders
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


@pytest.mark.parametrize("way", ["PATH", "link", "name"])
def test_a_program_of_a_node_package_is_shown_with_the_packages_beside_it(home: Path, way: str) -> None:
    modules = home / "servers/node_modules"
    main = program(modules / "@a/server/dist/index.js", "#!/usr/bin/env node\n")
    (modules / "@a/server/node_modules/other").mkdir(parents=True)
    (modules / "sdk").mkdir()
    (modules / ".bin").mkdir()
    (modules / ".bin/server").symlink_to("../@a/server/dist/index.js")
    (home / ".npmrc").write_text("secret")
    (home / "bin").mkdir()
    (home / "bin/server").symlink_to(modules / ".bin/server")
    if way == "name":
        named = needed_folders({"HOME": str(home), "PATH": ""}, home / "work", (modules / ".bin/server",))
        found = set(named)
    else:
        found = shown(home, modules / ".bin" if way == "PATH" else home / "bin")
    assert covers(found, main) and covers(found, modules / "sdk") and not covers(found, home / ".npmrc")
    assert not covers(found, modules.parent / "package.json")


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


def python_installation(root: Path) -> Path:
    """What a real one looks like; returns its program."""
    python = root / "bin/python3.13"
    python.parent.mkdir(parents=True)
    python.write_bytes(b"\x7fELF and so on")
    python.chmod(0o755)
    (root / "bin/python3").symlink_to("python3.13")
    library = root / "lib/python3.13"
    library.mkdir(parents=True)
    for name in ("os.py", "site.py"):
        (library / name).touch()
    return python


def environment_in_workspace(home: Path, named: Path | str, name: str = ".venv") -> Path:
    environment = home / "work" / name
    (environment / "bin").mkdir(parents=True)
    (environment / "pyvenv.cfg").write_text(f"home = {named}\nversion = 3.13\n")
    return environment


def test_the_interpreter_of_an_environment_in_the_workspace_is_shown(home: Path) -> None:
    python = python_installation(home / ".pythons/3.13")
    (home / ".pythons/3.13/.env").write_text("secret")
    environment = environment_in_workspace(home, python.parent)
    program(environment / "bin/pytest")
    found = shown(home, "/usr/bin")
    assert covers(found, python) and covers(found, python.parent.parent / "lib/python3.13/os.py")
    assert not covers(found, environment)
    assert not covers(found, home / ".pythons/3.13/.env")


def test_an_interpreter_in_a_known_collection_is_shown_whole(home: Path) -> None:
    root = home / ".local/share/uv/python/cpython-3.13"
    environment_in_workspace(home, python_installation(root).parent)
    assert covers(shown(home, "/usr/bin"), root / "share")


@pytest.mark.parametrize("way", ["name", "relative link", "cwd", "root", "bare folder", "own python"])
def test_a_workspace_opens_no_folder_by_pyvenv_cfg(home: Path, way: str) -> None:
    private = home / "private"
    (private / "lib").mkdir(parents=True)
    program(private / "bin/python3")
    work = home / "work"
    named = str(private / "bin")
    if way == "relative link":
        (work / "y/b").mkdir(parents=True)
        (work / "y/b/python3").symlink_to("../../../private/bin/python3")
        named = str(work / "y/b")
    elif way in ("cwd", "root"):
        named = f"/proc/self/{way}{private}/bin"
    elif way == "bare folder":
        named = str(private)
    elif way == "own python":  # The shape is there, but the workspace's own.
        python_installation(work / "python")
        (work / "python/lib/secret").symlink_to(private)
        named = str(work / "python/bin")
    before = shown(home, "/usr/bin")
    environment = environment_in_workspace(home, named)
    assert shown(home, "/usr/bin") == before
    active = shown(home, environment / "bin", "/usr/bin", VIRTUAL_ENV=str(environment))
    assert active == before
    assert not covers(active, private / "lib")


@pytest.mark.parametrize("target", [".netrc", ".ssh/id_ed25519", "notes/.env", "key.pem", "plain.txt"])
@pytest.mark.parametrize("way", ["first line", "link"])
def test_no_file_of_an_environment_opens_another(home: Path, target: str, way: str) -> None:
    """Whether it lies in the workspace or, as a mistake of the user's, in a folder of programs."""
    secret = home / target
    secret.parent.mkdir(parents=True, exist_ok=True)
    secret.write_text("secret")
    environment = environment_in_workspace(home, "/usr/bin")
    for folder in (environment / "bin", home / "bin"):
        folder.mkdir(exist_ok=True)
        if way == "link":
            (folder / "tool").symlink_to(secret)
        else:
            program(folder / "tool", f"#!{secret}\n")
    found = shown(home, environment / "bin", home / "bin", VIRTUAL_ENV=str(environment))
    assert not covers(found, secret)


def test_what_leads_through_the_workspace_shows_nothing(home: Path) -> None:
    (home / "private/lib").mkdir(parents=True)
    (home / "work/private").symlink_to(home / "private")
    (home / "work/tool").symlink_to(home / "private/tool")
    program(home / "private/tool")
    (home / "bin").mkdir()
    (home / "bin/tool").symlink_to(home / "work/tool")
    (home / "lib").symlink_to(home / "work/private/lib")
    found = shown(home, home / "bin", PYTHONPATH=str(home / "lib"), JAVA_HOME=str(home / "work/private"))
    assert not covers(found, home / "private/tool")
    assert not covers(found, home / "lib") and not covers(found, home / "private/lib")


def test_secrets_beside_an_installation_stay_hidden(home: Path) -> None:
    program(home / "project/bin/tool")
    (home / "project/lib").mkdir()
    for name in (".env", ".env.local", "server.key", "credentials.json"):
        (home / "project" / name).write_text("secret")
    found = shown(home, home / "project/bin")
    assert covers(found, home / "project/bin/tool") and covers(found, home / "project/lib")
    assert not any(covers(found, path) for path in (home / "project").iterdir() if path.is_file())


def test_a_python_others_could_have_written_is_not_shown(home: Path) -> None:
    python = python_installation(home / "open")
    (home / "open/lib").chmod(0o777)
    environment_in_workspace(home, python.parent)
    assert not covers(shown(home, "/usr/bin"), python)


@pytest.mark.slow
def test_environments_without_end_are_read_to_an_end(home: Path) -> None:
    """A chain of a thousand, a circle, a file of 20 GB and a pipe."""
    chain = [home / f"chain/{number}" for number in range(1_000)]
    for here, further in zip(chain, [*chain[1:], chain[0]], strict=True):
        (here / "bin").mkdir(parents=True)
        (here / "lib").mkdir()
        (here / "pyvenv.cfg").write_text(f"home = {further}/bin\n")
    for number in range(100):
        environment_in_workspace(home, chain[number] / "bin", f"e{number}")
    huge = home / "work/a-huge"
    huge.mkdir()
    with (huge / "pyvenv.cfg").open("wb") as file:
        file.truncate(20 << 30)
    pipe = home / "work/a-pipe"
    pipe.mkdir()
    os.mkfifo(pipe / "pyvenv.cfg")
    found = shown(home, chain[0] / "bin", VIRTUAL_ENV=str(huge))
    assert len(found) <= 60
    assert not any(covers(found, folder) for folder in chain[100:])


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
    assert clean["PYTHONPATH"] == f"{home / 'work' / 'relative'}:/opt/lib"
    assert clean["HOME"] != str(home)
    assert not {"OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "NPM_TOKEN", "GOFLAGS"} & set(clean)
    assert not {"LD_PRELOAD", "BASH_ENV", "GIT_DIR"} & set(clean)


def test_package_managers_are_told_that_there_is_no_network(tmp_path) -> None:
    names = {"npm_config_offline", "PIP_NO_INDEX", "UV_OFFLINE", "CARGO_NET_OFFLINE", "GOPROXY"}
    assert names <= command_environment({}, tmp_path).keys()
    assert not names & command_environment({}, tmp_path, network=True).keys()
