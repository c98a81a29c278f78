"""Our own files are written whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from seedsmith.sandbox.atomic_file import write_atomically


def test_a_private_file_and_its_folders_are_the_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "a/b/file"
    write_atomically(path, b"one")
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert os.listdir(path.parent) == ["file"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_shared_file_has_the_mode_of_any_other(tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    write_atomically(tmp_path / "file", b"", private=False)
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_nothing_is_left_of_what_could_not_be_put_in_place(tmp_path: Path) -> None:
    (tmp_path / "folder/inside").mkdir(parents=True)
    with pytest.raises(OSError):
        write_atomically(tmp_path / "folder", b"new")
    assert os.listdir(tmp_path) == ["folder"]
