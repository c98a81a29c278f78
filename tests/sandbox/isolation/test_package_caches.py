"""Caches of cargo and go that a network is used with: begun with the user's, which nobody changes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

CRATE = ".cargo/registry/cache/index-1/a-1.0.0.crate"
UNPACKED = ".cargo/registry/src/index-1/a-1.0.0/lib.rs"
INDEX = ".cargo/registry/index/index-1/config.json"
BY_GIT = ".cargo/registry/index/index-2/.git/HEAD"
VERSIONS = "go/pkg/mod/cache/download/example.org/!a/@v"
MODULE = f"{VERSIONS}/v1.0.0.zip"
KEPT = (CRATE, UNPACKED, INDEX, BY_GIT, MODULE, f"{VERSIONS}/list", ".cargo/config.toml")


@pytest.fixture
def caches(world) -> Path:
    home: Path = world.home
    for name in KEPT:
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(f"of the user: {name}")
    (home / ".cargo/credentials.toml").write_text("home-secret")
    return home


def whole(home: Path) -> dict[str, str]:
    return {str(path): path.read_text() for path in home.rglob("*") if path.is_file()}


@pytest.fixture
def reaching(make_runner, caches):
    runner = make_runner(network=True)
    yield runner
    runner.close()


async def test_what_was_fetched_before_is_there(reaching, caches) -> None:
    names = " ".join(f"~/{name}" for name in (CRATE, UNPACKED, INDEX, MODULE, ".cargo/config.toml"))
    result = await reaching.run(f"cat {names}; ls ~/{VERSIONS} ~/.cargo/registry/index ~/.cargo", timeout=60)
    for name in (CRATE, UNPACKED, INDEX, MODULE):
        assert f"of the user: {name}".encode() in result.head, result
    for absent in (b"list", b"index-2", b"credentials"):
        assert absent not in result.head.split(b"config.toml", 1)[1], result.head


async def test_what_is_fetched_goes_beside_it_and_the_users_stay(reaching, caches) -> None:
    before = whole(caches)
    places = (CRATE, MODULE, UNPACKED, INDEX)
    write = "; ".join(f"echo evil > ~/{name}; rm -rf ~/{name}" for name in places)
    fetch = "; ".join(f"echo new > $(dirname ~/{name})/new" for name in (CRATE, MODULE))
    await reaching.run(f"{write}; {fetch}; rm -rf ~/.cargo/registry/src; mkdir -p ~/go/bin", timeout=60)
    result = await reaching.run(f"cat $(dirname ~/{CRATE})/new $(dirname ~/{MODULE})/new", timeout=60)
    assert result.head == b"new\nnew\n"
    assert whole(caches) == before


async def test_where_the_users_are_reached_by_a_link_they_begin_empty(make_runner, world, caches) -> None:
    (caches / "go").rename(world.outside / "go")
    (caches / "go").symlink_to(world.outside / "go")
    runner = make_runner(network=True)
    result = await runner.run("echo new > ~/x; ls ~/go; echo $CARGO_HOME$GOPATH", timeout=60)
    runner.close()
    assert b"No such file" in result.head and result.head.endswith(b"\n\n"), result


async def test_without_a_network_the_users_are_used(make_runner, caches) -> None:
    runner = make_runner()
    result = await runner.run(f"cat $CARGO_HOME/{CRATE.removeprefix('.cargo/')}; ls ~/.cargo", timeout=60)
    assert f"of the user: {CRATE}".encode() in result.head and result.exit_code != 0
    assert os.fspath(caches / ".cargo") == runner.environment["CARGO_HOME"]
