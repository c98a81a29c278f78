"""Showing text: nothing hidden, nothing lost."""

from __future__ import annotations

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from seedsmith.tools.content.encodings import detect
from seedsmith.tools.files.window import cut
from seedsmith.tools.text import clamp, clean_output, escape, human_bytes, unescape

SHOWN = [
    ("plain, tab\tand\nnewline é中😀", "plain, tab\tand\nnewline é中😀"),
    ("\x1b[31mred", r"\u{1B}[31mred"),
    ("a\rb\x00\x7f\x9b", r"a\u{D}b\u{0}\u{7F}\u{9B}"),
    ("\u202eabc\u2066\u200b\u200d\ufeff", r"\u{202E}abc\u{2066}\u{200B}\u{200D}\u{FEFF}"),
    ("\U000e0041\u00ad\u2028", r"\u{E0041}\u{AD}\u{2028}"),
    ("\udcff\ud800", r"\x{FF}\u{D800}"),
]


@pytest.mark.parametrize(("text", "shown"), SHOWN)
def test_invisible_characters_are_escaped(text, shown):
    assert escape(text) == shown


OUTPUT = [
    ("\x1b[1;31mred\x1b[0m\n", "red\n"),
    ("\x1b]0;title\x07\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
    ("\x1b]52;c;ZXZpbA==\x07after", "after"),
    ("10%\r20%\r\ndone\r\r\n", "10%\n20%\ndone\n"),
    ("\x9b31mc1\x1b(B\x1b7", "c1"),
    ("\x1b]never ended\nnext", "never ended\nnext"),
    ("\x1bPq#0\x1b\\sixel", "sixel"),
    ("bell\x07\x08", r"bell\u{7}\u{8}"),
]


@pytest.mark.parametrize(("output", "cleaned"), OUTPUT)
def test_terminal_sequences_are_taken_out_of_output(output, cleaned):
    assert clean_output(output) == cleaned


@given(st.text(max_size=30))
@settings(max_examples=examples(200))
def test_what_is_shown_can_be_turned_back(text):
    if (
        r"\u{" not in text
        and r"\x{" not in text
        and not any("\ud800" <= letter <= "\udfff" for letter in text)
    ):
        assert unescape(escape(text)) == text


def test_unescaping_leaves_ordinary_escapes_alone():
    assert unescape(r"\u{41} \u{1F600} \u{110000} \u{C}") == r"\u{41} \u{1F600} \u{110000} " + "\x0c"


def test_a_clamped_line_says_how_much_is_missing():
    assert clamp("abcdef", 4) == "abcd… [2 more characters in this line]"
    assert clamp("abcd", 4) == "abcd"
    assert clamp("abcd", 4, length=1_000_004) == "abcd… [1,000,000 more characters in this line]"


def test_sizes_are_told_as_people_read_them():
    assert [human_bytes(size) for size in (1, 9_999, 12_345, 3_400_000, 10 << 30)] == [
        "1 byte",
        "9,999 bytes",
        "12.3 KB",
        "3.4 MB",
        "10.7 GB",
    ]


@given(st.lists(st.text(alphabet="ab\n", max_size=6), max_size=8), st.integers(1, 8), st.integers(1, 5))
@settings(max_examples=examples(300))
def test_a_window_is_the_same_however_the_text_comes_in(chunks, first, limit):
    text = "".join(chunks)
    lines = text.removesuffix("\n").split("\n") if text else []
    window = cut(chunks, first, limit, 10_000)
    assert list(window.lines) == lines[first - 1 : first - 1 + limit]
    if window.total is None:
        assert window.last < len(lines)
    else:
        assert window.total == len(lines)


@given(st.binary(max_size=80))
@settings(max_examples=examples(300))
def test_detection_never_loses_a_byte(data):
    encoding = detect(data)
    if encoding is not None:
        assert encoding.bom + encoding.encode(encoding.decode(data)) == data


@given(st.text(max_size=40), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
@settings(max_examples=examples(100))
def test_unicode_is_always_recognised(text, codec):
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        return
    encoding = detect(text.encode(codec))
    if not text.startswith("\ufeff") and (text or codec != "utf-16"):
        assert encoding is not None and encoding.decode(text.encode(codec)) == text
