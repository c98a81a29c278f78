"""Prose is broken between words, whatever the terminal's width and however it comes."""

from __future__ import annotations

import io

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from seedsmith.agent.frontends.line_wrapping import prose, tell
from seedsmith.agent.frontends.word_stream import WordStream


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def streamed(pieces: list[str], width: int) -> str:
    words = WordStream()
    return "".join([*(words.take(piece, width) for piece in pieces), words.end(width)])


@pytest.mark.parametrize(
    ("columns", "shown"),
    [
        (40, "1 put back; take that back with:\nseedsmith redo 20260101-000000000-aaaaaa\n  · next\n"),
        (60, "1 put back; take that back with: seedsmith redo\n20260101-000000000-aaaaaa\n  · next\n"),
    ],
)
def test_what_is_told_is_broken_between_words(columns, shown, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    screen = Screen()
    tell("1 put back; take that back with: seedsmith redo 20260101-000000000-aaaaaa\n  · next", stream=screen)
    assert screen.getvalue() == shown


def test_a_file_gets_lines_of_any_length_without_control_characters():
    file = io.StringIO()
    tell("word " * 40 + "\x1b[2J", stream=file)
    assert file.getvalue() == "word " * 40 + "\\x1b[2J\n"


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.text("ab 字,\n", max_size=8), max_size=12), st.integers(4, 20), st.integers(1, 5))
def test_a_stream_is_broken_between_words_however_it_is_cut(pieces, width, step):
    text = "".join(pieces)
    shown = streamed(pieces, width)
    assert shown == streamed([text[at : at + step] for at in range(0, len(text), step)], width)
    assert "".join(shown.split()) == "".join(text.split())
    for line in shown.split("\n"):
        assert cell_len(line) <= width or cell_len(line.strip()) > width or not line.strip() or " " in line
    apart = shown.replace("字", " 字 ").split()
    assert apart == text.replace("字", " 字 ").split()


def test_fenced_code_is_left_to_the_terminal():
    code = "Look:\n```\nresult = first_function(second_function(argument), other)\n```\n"
    assert streamed([code, "one two three"], 10) == f"{code}one two\nthree"


def test_blanks_begin_no_line_below():
    assert prose("  1  an-id  done         Make one dash of it", 21) == (
        "  1  an-id  done\n     Make one dash of\n     it"
    )


def test_what_goes_on_below_is_set_in_behind_a_mark_or_a_name():
    told = "  /help   what can be typed at all\n- a notice of very many words\na_long_name_of_its_own  a word"
    assert prose(told, 24).split("\n") == [
        "  /help   what can be", "          typed at all", "- a notice of very many", "  words",
        "a_long_name_of_its_own", "a word",
    ]  # fmt: skip
