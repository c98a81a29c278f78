import pytest
from mdtable import TableError, parse, render, split_row

TEXT = """
| item | price |
|:-----|------:|
| tea  | 3     |
| coffee | 12  |
"""


def test_split_row():
    assert split_row("| a | b \\| c |") == ["a", "b | c"]
    assert split_row("a | b") == ["a", "b"]


def test_rows():
    assert parse(TEXT).rows == [["tea", "3"], ["coffee", "12"]]


def test_column():
    assert parse(TEXT).column("price") == ["3", "12"]
    with pytest.raises(KeyError):
        parse(TEXT).column("colour")


def test_short_rows_are_filled():
    assert parse("a|b\n-|-\n1").rows == [["1", ""]]


def test_render():
    assert render(parse(TEXT)).splitlines() == ["item    price", "tea         3", "coffee     12"]


@pytest.mark.parametrize("text", ["", "a|b", "a|b\n-|x", "a|b\n-"])
def test_no_table(text):
    with pytest.raises(TableError):
        parse(text)
