"""The guard over git's own files, where they lie open to commands."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from seedsmith.sandbox.guards.git_guard import GitGuard


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git = tmp_path / "repo" / ".git"
    (git / "hooks").mkdir(parents=True)
    (git / "info").mkdir()
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "config").write_text("[core]\n")
    (git / "hooks" / "pre-commit").write_text("#!/bin/sh\nexit 0\n")
    (git / "hooks" / "pre-commit").chmod(0o755)
    return git.parent


def test_a_change_that_hides_its_traces_is_undone(repository: Path) -> None:
    config = repository / ".git/config"
    guard = GitGuard.capture(repository)
    before = config.stat()
    config.write_text("[evil]\n")  # The same size, and the old times put back.
    os.utime(config, ns=(before.st_atime_ns, before.st_mtime_ns))
    notes = guard.restore()
    assert config.read_text() == "[core]\n"
    assert len(notes) == 1
    assert ".git/config" in notes[0]
    assert guard.restore() == []


def test_modes_links_and_folders_are_put_back(repository: Path, tmp_path: Path) -> None:
    hooks = repository / ".git/hooks"
    outside = tmp_path / "outside"
    outside.mkdir()
    guard = GitGuard.capture(repository)
    shutil.rmtree(hooks)
    hooks.symlink_to(outside)
    (repository / ".git/config").unlink()
    (repository / ".git/config").mkdir()
    guard.restore()
    assert not hooks.is_symlink()
    assert (hooks / "pre-commit").read_text() == "#!/bin/sh\nexit 0\n"
    assert os.access(hooks / "pre-commit", os.X_OK)
    assert (repository / ".git/config").read_text() == "[core]\n"
    assert list(outside.iterdir()) == []


def test_nothing_is_written_through_a_planted_link(repository: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (repository / ".git/info/exclude").write_text("*.o\n")
    guard = GitGuard.capture(repository)
    shutil.rmtree(repository / ".git/info")
    (repository / ".git/info").symlink_to(outside)
    guard.restore()
    assert list(outside.iterdir()) == []
    assert (repository / ".git/info/exclude").read_text() == "*.o\n"


def test_a_mode_alone_is_put_back(repository: Path) -> None:
    hook = repository / ".git/hooks/post-merge"
    hook.write_text("x")
    hook.chmod(0o644)
    guard = GitGuard.capture(repository)
    hook.chmod(0o755)
    assert guard.restore() != []
    assert not os.access(hook, os.X_OK) or hook.stat().st_mode & 0o111 == 0


def test_what_the_user_changes_between_commands_stays(repository: Path) -> None:
    guard = GitGuard.capture(repository)
    (repository / ".git/config").write_text("[user]\n")
    (repository / ".git/hooks/pre-push").write_text("mine")
    guard.refresh()
    assert guard.restore() == []
    assert (repository / ".git/config").read_text() == "[user]\n"
    assert (repository / ".git/hooks/pre-push").read_text() == "mine"


def test_ordinary_git_work_is_left_alone(repository: Path) -> None:
    guard = GitGuard.capture(repository)
    (repository / ".git/HEAD").write_text("ref: refs/heads/other\n")
    (repository / ".git/index").write_bytes(b"DIRC")
    (repository / ".git/objects").mkdir()
    assert guard.restore() == []
    assert (repository / ".git/index").exists()


def test_a_pointer_file_is_put_back(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: ../real\n")
    guard = GitGuard.capture(tmp_path)
    (tmp_path / ".git").write_text("gitdir: planted\n")
    assert guard.restore() != []
    assert (tmp_path / ".git").read_text() == "gitdir: ../real\n"


def test_reporting_alone_changes_nothing(repository: Path) -> None:
    guard = GitGuard.capture(repository, restores=False)
    (repository / ".git/config").write_text("[changed]\n")
    (repository / "deep/er").mkdir(parents=True)
    (repository / "deep/er/.git").write_text("gitdir: /elsewhere\n")
    (notes,) = guard.restore()
    assert "deep/er" in notes
    assert (repository / ".git/config").read_text() == "[changed]\n"


def test_a_repository_deep_in_a_known_folder_is_found(repository: Path) -> None:
    (repository / "a/b/c").mkdir(parents=True)
    guard = GitGuard.capture(repository)
    for name in ("objects", "refs"):
        (repository / "a/b/c/bare" / name).mkdir(parents=True)
    (repository / "a/b/c/bare/HEAD").write_text("ref: refs/heads/main\n")
    (notes,) = guard.restore()
    assert "a/b/c/bare" in notes


def test_a_fifo_keeps_nobody_waiting(repository: Path) -> None:
    guard = GitGuard.capture(repository)
    (repository / ".git/config").unlink()
    os.mkfifo(repository / ".git/config")
    os.mkfifo(repository / ".git/commondir")
    guard.restore()
    assert (repository / ".git/config").read_text() == "[core]\n"
    assert not (repository / ".git/commondir").exists()
