"""What package managers and git do through the one way out, each for real, against services on loopback."""

from __future__ import annotations

import http.server
import os
import pwd
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from package_services import NAME, PackageServices

from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.network.egress import Attempt

OTHER = "127.0.0.2"
"""An address of this machine that is not what commands call their own loopback."""

pytestmark = pytest.mark.slow


@pytest.fixture
def tier() -> str:
    return "bwrap"


@pytest.fixture
def services(tmp_path: Path) -> Iterator[int]:
    """The port at which the services are to be had on every address of loopback."""
    folder = tmp_path / "repositories"
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-C"]
    subprocess.run(["git", "init", "-q", "-b", "main", str(folder / "source")], check=True)
    (folder / "source" / "page").write_text("what lies there\n")
    subprocess.run([*git, str(folder / "source"), "add", "page"], check=True)
    subprocess.run([*git, str(folder / "source"), "commit", "-q", "-m", "start"], check=True)
    subprocess.run(["git", "clone", "-q", "--bare", "source", f"{NAME}.git"], cwd=folder, check=True)
    subprocess.run(
        ["git", "-C", str(folder / f"{NAME}.git"), "config", "http.receivepack", "true"], check=True
    )
    handler = type("Handler", (PackageServices,), {"repositories": folder})
    server = http.server.ThreadingHTTPServer(("", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture
def reaching(make_runner, services, world) -> Iterator[tuple[ProcessRunner, list[Attempt], str]]:
    """A runner whose commands reach the services, what it tells of connections, and their address."""
    home = Path(pwd.getpwuid(os.geteuid()).pw_dir)
    own = {"CARGO_HOME": str(home / ".cargo"), "RUSTUP_HOME": str(home / ".rustup")}
    toolchains = {name: os.environ.get(name, place) for name, place in own.items()}
    runner = make_runner(allow=(f"{OTHER}:{services}",), environ={**world.policy.environ, **toolchains})
    heard: list[Attempt] = []
    runner.network.report = heard.append
    yield runner, heard, f"http://{OTHER}:{services}"
    runner.close()


def needs(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"needs {program}")


async def test_npm_installs_from_a_registry_that_is_named(reaching, services) -> None:
    needs("npm")
    runner, heard, there = reaching
    result = await runner.run(
        f"npm init -y >/dev/null && npm install --no-audit --no-fund --registry {there}/npm {NAME} "
        f"&& node -p 'require(\"{NAME}\")'",
        timeout=100,
    )
    assert b"from npm" in result.head, result
    assert heard == [Attempt(OTHER, services)]


async def test_cargo_fetches_and_builds_from_an_index_that_is_named(reaching, services) -> None:
    needs("cargo")
    runner, heard, there = reaching
    manifest = (
        '[package]\\nname = "own"\\nversion = "0.1.0"\\nedition = "2021"\\n'
        f'[dependencies]\\n{NAME} = {{ version = "1", registry = "local" }}\\n'
    )
    result = await runner.run(
        f"mkdir src && printf '{manifest}' >Cargo.toml && echo 'pub use {NAME}::{NAME};' >src/lib.rs "
        "&& cargo check",
        timeout=100,
        env={"CARGO_REGISTRIES_LOCAL_INDEX": f"sparse+{there}/cargo/"},
    )
    assert result.exit_code == 0, result.head + result.tail
    assert f"Checking {NAME} v1.0.0".encode() in result.head
    assert heard == [Attempt(OTHER, services)]


async def test_git_clones_and_pushes_over_http(reaching, services, tmp_path) -> None:
    runner, heard, there = reaching
    result = await runner.run(
        f"cd /tmp && git clone -q {there}/git/{NAME}.git && cd {NAME} && cat page && git switch -q -c more "
        "&& git -c user.name=A -c user.email=a@example.org commit -q --allow-empty -m more "
        "&& git push -q origin more",
        timeout=100,
    )
    assert (result.head, result.exit_code) == (b"what lies there\n", 0), result
    bare = tmp_path / "repositories" / f"{NAME}.git"
    branches = subprocess.run(["git", "-C", bare, "branch"], capture_output=True, text=True).stdout
    assert "more" in branches
    assert heard == [Attempt(OTHER, services)]
