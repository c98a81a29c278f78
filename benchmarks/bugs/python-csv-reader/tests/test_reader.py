import pytest
from csvreader import read_dicts, read_rows
from csvreader.scanner import ScanError


def test_plain_rows():
    assert read_rows("a,b\r\n1,2\r\n") == [["a", "b"], ["1", "2"]]


def test_quoted_delimiter_and_line_break():
    assert read_rows('"a,b","c\nd"\nx,y') == [["a,b", "c\nd"], ["x", "y"]]


def test_blank_lines_are_skipped():
    assert read_rows("a\n\nb\n") == [["a"], ["b"]]


def test_other_delimiter():
    assert read_rows("a;b,c", delimiter=";") == [["a", "b,c"]]


def test_unclosed_quote():
    with pytest.raises(ScanError, match="never closed"):
        read_rows('a,"b')


def test_dicts_fill_missing_fields():
    assert read_dicts("a,b\n1\n") == [{"a": "1", "b": ""}]


def test_dicts_of_quoted_remarks():
    text = 'name,remark\nAnn,"says ""hi"" often"\nBob,none\n'
    assert read_dicts(text) == [
        {"name": "Ann", "remark": 'says "hi" often'},
        {"name": "Bob", "remark": "none"},
    ]
