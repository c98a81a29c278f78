"""From a subfolder the workspace is the repository's root, and what was typed means what it meant there."""

import json
import subprocess

import pytest
from command import call_here
from scripted_endpoint import calls, text

from seedsmith.agent.settings.repository_root import root_above, typed_in

EDIT = ("edit", {"path": "pkg/b.txt", "old": "one", "new": "two"})


@pytest.fixture
def here(place, environment, monkeypatch, capsys):
    """Calls the command in the folder ``pkg`` of a repository."""
    subprocess.run(("git", "init", "-q", str(place / "repo")), check=True)
    folder = place / "repo/pkg"
    folder.mkdir()
    (folder / "b.txt").write_text("one\n")

    def call(*arguments):
        return call_here(arguments, folder, environment, monkeypatch, capsys)

    return call


def service(endpoint):
    return ("-m", "openai/test", "--base-url", endpoint.base_url)


def test_a_run_works_in_the_root_and_says_so_first(here, endpoint, place):
    endpoint.script(calls(EDIT), text("Done."))
    done = here("run", "Change b.txt", "--verify", "grep -q two b.txt", "--json", *service(endpoint))
    last = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 0, done.stderr
    root = place / "repo"
    assert done.stderr.splitlines()[0] == (
        f"seedsmith: Working in {root}, the root of the repository; -C . works in pkg alone."
    )
    assert last["files_changed"] == ["pkg/b.txt"]
    assert last["verified"]["command"] == "cd pkg && grep -q two b.txt"
    asked = json.loads(endpoint.requests[0].raw)["messages"][-1]["content"]
    assert asked.startswith("Change b.txt\n\n(This was typed in the folder `pkg` of the workspace")
    listed = here("sessions").stdout
    assert last["session"] in listed and listed.endswith("  Change b.txt\n")
    assert here("undo", "last", "b.txt").returncode == 0
    assert (root / "pkg/b.txt").read_text() == "one\n"


def test_fix_runs_the_test_where_it_was_typed(here, endpoint):
    endpoint.script(calls(EDIT), text("Done."))
    done = here("fix", "--test", "grep -q two b.txt", "--json", *service(endpoint))
    assert done.returncode == 0, done.stderr


def test_a_folder_that_is_named_is_the_workspace(here, endpoint):
    endpoint.script(text("Done."))
    done = here("run", "Look around", "-C", ".", "--json", *service(endpoint))
    assert json.loads(done.stdout.splitlines()[0])["workspace"].endswith("/repo/pkg")
    assert "root of the repository" not in done.stderr
    assert b"This was typed" not in endpoint.requests[0].raw


def test_a_repository_that_is_the_home_folder_is_no_workspace(tmp_path):
    subprocess.run(("git", "init", "-q", str(tmp_path)), check=True)
    for below in ("home", "home/project"):
        (tmp_path / below).mkdir()
    assert root_above(tmp_path / "home/project", {"HOME": str(tmp_path / "home")}) is None
    assert root_above(tmp_path / "home/project", {"HOME": str(tmp_path)}) is None
    assert root_above(tmp_path / "home/project", {"HOME": "/nowhere"}) == tmp_path


@pytest.mark.parametrize(
    ("command", "meant"),
    [
        ("pytest -q && ruff check", "cd 'my pkg' && pytest -q && ruff check"),
        ("make | tail", "cd 'my pkg' && make | tail"),
        ("true; false", "cd 'my pkg' && { true; false\n}"),
        ("a || b", "cd 'my pkg' && { a || b\n}"),
        ("a & b # c", "cd 'my pkg' && { a & b # c\n}"),
    ],
)
def test_a_command_is_kept_together(command, meant):
    assert typed_in("my pkg", command) == meant
    assert typed_in("", command) == command
