"""A workspace that is, or holds, the home folder: one list of secrets, for tools and for commands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.errors import PathError
from seedsmith.sandbox.isolation.hidden_folders import SECRETS, hidden_within
from seedsmith.sandbox.workspace.workspace import Workspace

SECRET = "home-secret"


@pytest.fixture(params=["bwrap"])
def tier(request: pytest.FixtureRequest) -> str:
    """The weaker one refuses such a workspace."""
    return str(request.param)


@pytest.fixture
def filled(world) -> Path:
    """The world's home with a secret in every place of the list, two of them behind links."""
    home: Path = world.home
    for folder in (".aws", ".docker"):
        (home / "cloud" / folder[1:]).mkdir(parents=True)
        (home / "cloud" / folder[1:] / "config").write_text(SECRET)
        (home / folder).symlink_to(f"cloud/{folder[1:]}")
    for name in SECRETS:
        path = home / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(SECRET)
    (home / ".bashrc").write_text("# mine\n")
    (home / "project").mkdir()
    return home


Open = Callable[..., ProcessRunner]


async def test_commands_read_none_of_it_and_change_none(make_runner: Open, world, filled) -> None:
    runner = make_runner(workspace=filled)
    everything = (
        f"grep -r {SECRET} . ; echo x >> .bashrc; echo x > .netrc; echo x > .ssh/authorized_keys; true"
    )
    result = await runner.run(everything, timeout=60)
    assert SECRET.encode() not in result.head + result.tail
    assert (filled / ".bashrc").read_text() == "# mine\n"
    assert (filled / ".netrc").read_text() == SECRET
    assert not (filled / ".ssh/authorized_keys").exists()


@pytest.mark.slow
@pytest.mark.parametrize("moved", ["cloud", ".cargo", ".m2", ".local"])
async def test_what_holds_a_secret_cannot_be_moved_from_under_it(
    make_runner: Open, world, filled, moved
) -> None:
    """Else the next command would find it under another name."""
    runner = make_runner(workspace=filled)
    await runner.run(f"mv {moved} elsewhere; rm .aws; ln -s cloud .aws", timeout=60)
    result = await runner.run(f"grep -r {SECRET} . ; true", timeout=60)
    assert SECRET.encode() not in result.head + result.tail
    assert (filled / moved).exists() and not (filled / "elsewhere").exists()


def test_tools_read_and_write_none_of_it(world, filled) -> None:
    hidden = hidden_within(filled, world.policy.environ)
    (filled / "project/link").symlink_to("../.netrc")
    (filled / "project/folder").symlink_to("../.ssh")
    with Workspace(filled, hidden=hidden) as workspace:
        names = [*SECRETS, "cloud/aws/config", ".ssh/id_ed25519", "project/link", "project/folder/id_ed25519"]
        for name in names:
            with pytest.raises(PathError):
                workspace.read_bytes(name)
            with pytest.raises(PathError):
                workspace.write_bytes(name, b"x")
        for name in (".ssh/authorized_keys", "cloud/aws/new", "project/folder/new"):
            with pytest.raises(PathError, match="keys and settings"):
                workspace.write_bytes(name, b"x")
        for name in (".ssh", ".aws", "project/folder", "cloud/docker"):
            with pytest.raises(PathError):
                workspace.list_folder(name)
        workspace.write_bytes("project/new", b"x")
        assert workspace.read_bytes("project/new") == b"x"


def test_the_list_is_empty_for_a_project(world) -> None:
    assert hidden_within(world.workspace, world.policy.environ) == ()
    above = replace(world.policy, workspace=world.home.parent)
    assert world.home / ".ssh" in hidden_within(above.workspace, above.environ)
