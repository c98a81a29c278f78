import pytest
from pointer import PointerError, apply, build, parse, resolve

DOCUMENT = {"a": {"b": [10, 20]}, "x/y": 1, "m~n": 2, "~1": 3}


def test_whole_document():
    assert resolve(DOCUMENT, "") is DOCUMENT


def test_nested():
    assert resolve(DOCUMENT, "/a/b/1") == 20


def test_slash_in_a_name():
    assert resolve(DOCUMENT, "/x~1y") == 1


def test_malformed():
    with pytest.raises(PointerError):
        parse("a/b")


def test_points_at_nothing():
    with pytest.raises(PointerError, match="nothing at '7'"):
        resolve(DOCUMENT, "/a/b/7")


@pytest.mark.parametrize("name", ["plain", "x/y", "m~n", "~1", ""])
def test_every_name_can_be_addressed(name):
    assert resolve({name: 5}, build([name])) == 5


def test_patch():
    operations = [
        {"op": "add", "path": "/a/b/-", "value": 30},
        {"op": "remove", "path": "/a/b/0"},
        {"op": "replace", "path": "/x~1y", "value": 9},
    ]
    patched = apply(DOCUMENT, operations)
    assert patched["a"] == {"b": [20, 30]}
    assert patched["x/y"] == 9
    assert DOCUMENT["a"] == {"b": [10, 20]}
