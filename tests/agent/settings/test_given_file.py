"""What a person hands over is read alike wherever it is given: each refusal is one sentence."""

from __future__ import annotations

import io
import sys

import pytest

from seedsmith.agent.errors import UsageError
from seedsmith.agent.settings.given_file import read_given, read_given_text


@pytest.mark.parametrize(
    ("path", "content", "sentence"),
    [
        ("none", None, "X can't be read: No such file or directory."),
        ("n\0l", None, "X can't be read: no file can have that name."),
        ("", None, "X can't be read: Is a directory."),
        ("file", b"x" * ((1 << 20) + 1), "X is larger than 1 MB: cut it."),
        (None, b"x" * ((1 << 20) + 1), "X is larger than 1 MB: cut it."),
        (None, None, "X is closed: nothing can be read from it."),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path, monkeypatch, path, content, sentence):
    monkeypatch.chdir(tmp_path)
    if path == "file":
        (tmp_path / path).write_bytes(content)
    standard_input = None if content is None else io.TextIOWrapper(io.BytesIO(content))
    monkeypatch.setattr(sys, "stdin", standard_input)
    with pytest.raises(UsageError) as told:
        read_given(path, 1 << 20, "X", "cut it")
    assert str(told.value) == sentence


@pytest.mark.parametrize(("content", "text"), [(b"\xef\xbb\xbfa\r\n", "a\r\n"), (b"", "")])
def test_the_text_of_a_file_is_without_its_mark(tmp_path, content, text):
    (tmp_path / "file").write_bytes(content)
    assert read_given_text(tmp_path / "file", 100) == text


def test_what_is_no_text_names_its_file_and_byte(tmp_path):
    (tmp_path / "file").write_bytes(b"ab\xff")
    with pytest.raises(UsageError, match=r"/file is not UTF-8 text \(byte 2\)\.$"):
        read_given_text(tmp_path / "file", 100)
