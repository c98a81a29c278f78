import pytest
from ini import IniError, as_boolean, as_list, dump, parse

TEXT = """\
top = 1
[server]
Host = example.org
# a remark
paths = /a
    /b
    /c
"""


def test_keys_before_the_first_section():
    assert parse(TEXT)["default"] == {"top": "1"}


def test_keys_are_lower_case():
    assert parse(TEXT)["server"]["host"] == "example.org"


def test_list_over_several_lines():
    assert as_list(parse(TEXT)["server"]["paths"]) == ["/a", "/b", "/c"]


def test_round_trip():
    sections = {"a": {"x": "1"}, "b": {"y": "one\ntwo"}}
    assert parse(dump(sections)) == sections


def test_line_without_separator():
    with pytest.raises(IniError, match="line 2"):
        parse("[a]\nnonsense")


@pytest.mark.parametrize(("word", "expected"), [("Yes", True), ("off", False), (" 1 ", True)])
def test_booleans(word, expected):
    assert as_boolean(word) is expected
