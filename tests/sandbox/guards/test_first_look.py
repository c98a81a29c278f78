"""The folders of a workspace are looked at once, before the first command or beside the first question."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seedsmith.sandbox.guards import change_times, known_folders
from seedsmith.sandbox.guards.git_folders import walk_folders
from seedsmith.sandbox.guards.workspace_guards import WorkspaceGuards


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("src/deep", "nested/.git/hooks", ".git/hooks"):
        (tmp_path / "work" / name).mkdir(parents=True)
    for folder in (".git", "nested/.git"):
        (tmp_path / "work" / folder / "config").write_text("[core]\n")
    (tmp_path / "work/.envrc").write_text("export A=1\n")
    return tmp_path / "work"


@pytest.fixture
def walked(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders from which a walk began."""
    found: list[Path] = []

    def walk(top, *how, **more):
        if 1 not in how:  # more than one folder that changed
            found.append(top)
        return walk_folders(top, *how, **more)

    monkeypatch.setattr(known_folders, "walk_folders", walk)
    return found


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The folders that were asked when they changed."""
    found: list[str] = []
    changed = change_times._changed

    def ask(folder):
        found.append(folder)
        return changed(folder)

    monkeypatch.setattr(change_times, "_changed", ask)
    return found


def guards_of(root: Path) -> WorkspaceGuards:
    return WorkspaceGuards(root, restores_git=True, is_bound=False, save=lambda content: "kept")


@pytest.mark.parametrize("early", [False, True])
def test_once_and_what_a_command_then_does_is_put_back(root, walked, early) -> None:
    guards = guards_of(root)
    assert walked == []
    if early:
        guards.look()
        assert walked == [root]
    guards.refresh()
    guards.look()
    assert walked == [root]
    (root / ".envrc").write_text("evil\n")
    (root / "nested/.git/config").write_text("[core]\n\tfsmonitor = evil\n")
    assert guards.is_harmed()
    guards.restore()
    assert (root / ".envrc").read_text() == "export A=1\n"
    assert (root / "nested/.git/config").read_text() == "[core]\n"


def test_what_changed_after_the_early_look_is_the_users_doing(root, walked) -> None:
    guards = guards_of(root)
    guards.look()
    (root / ".envrc").write_text("export A=2\n")
    (root / "src/.envrc").write_text("export B=1\n")
    guards.refresh()
    assert not guards.is_harmed()


def test_when_a_folder_changed_is_asked_once_for_all_guards(root, asked) -> None:
    guards = guards_of(root)
    guards.refresh()
    for look in (guards.refresh, guards.is_harmed):
        asked.clear()
        look()
        assert os.fspath(root / "src/deep") in asked and len(asked) == len(set(asked))
