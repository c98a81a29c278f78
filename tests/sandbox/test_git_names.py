"""File names as git writes them, and back."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedsmith.sandbox.git_names import quoted, unquoted

NAMES = st.binary(min_size=1, max_size=20).filter(lambda name: b"\0" not in name)


@given(NAMES)
def test_a_name_comes_back(name: bytes) -> None:
    path = os.fsdecode(name)
    written = os.fsdecode(quoted(path))
    assert (unquoted(written) if written.startswith('"') else (written, "")) == (path, "")


def test_git_writes_names_the_same_way(tmp_path: Path) -> None:
    letters = [bytes([code]) for code in range(1, 256) if code != ord("/")]
    names = [b"a" + letter + b"z" for letter in letters if letter.isascii()]
    names.append("é中😀".encode())
    git = ["git", "-C", str(tmp_path), "-c", "core.quotePath=false"]
    subprocess.run([*git, "init", "-q"], check=True)
    for name in names:
        (tmp_path / os.fsdecode(name)).touch()
    listed = subprocess.run([*git, "ls-files", "--others"], check=True, capture_output=True).stdout
    assert set(listed.split(b"\n")[:-1]) == {quoted(os.fsdecode(name)) for name in names}


@pytest.mark.parametrize("text", ['"', '"a', r'"\q"', r'"\400"', r'"\12', '"\\'])
def test_what_is_no_name_in_quotes_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="quotes"):
        unquoted(text)
