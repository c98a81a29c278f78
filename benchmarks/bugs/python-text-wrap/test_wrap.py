import pytest
from wrap import fill, justify_line, wrap


def test_short_text_is_one_line():
    assert wrap("one two", 20) == [["one", "two"]]


def test_no_line_is_wider_than_asked():
    lines = wrap("the quick brown fox jumps over it", 9)
    assert [" ".join(line) for line in lines] == ["the quick", "brown fox", "jumps", "over it"]


def test_exact_fit():
    assert wrap("aaa bbb", 7) == [["aaa", "bbb"]]
    assert wrap("aaa bbb", 6) == [["aaa"], ["bbb"]]


def test_long_words_are_cut():
    assert wrap("abcdefgh", 3) == [["abc"], ["def"], ["gh"]]


def test_justify_line():
    assert justify_line(["a", "b", "c"], 8) == "a   b  c"


def test_right():
    assert fill("a bb", 2, align="right") == " a\nbb"


def test_unknown_alignment():
    with pytest.raises(ValueError):
        fill("a", 3, align="up")
