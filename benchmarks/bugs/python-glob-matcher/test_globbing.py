import pytest
from globbing import IgnoreList, expand_braces, matches


@pytest.mark.parametrize(
    ("path", "pattern"),
    [("a.py", "*.py"), ("abc", "a?c"), ("x7", "x[0-9]"), ("a/b/c.py", "a/**/c.py"), ("b.c", "*.{h,c}")],
)
def test_matches(path, pattern):
    assert matches(path, pattern)


@pytest.mark.parametrize(
    ("path", "pattern"), [("a/b.py", "*.py"), ("xy", "x[!a-z]"), ("a.pyc", "*.py"), ("", "?")]
)
def test_does_not_match(path, pattern):
    assert not matches(path, pattern)


def test_braces():
    assert expand_braces("{a,b}{1,2}") == ["a1", "a2", "b1", "b2"]
    with pytest.raises(ValueError):
        expand_braces("a{b")


def test_ignored_below():
    ignore = IgnoreList(["# compiled", "*.o", "build/**"])
    assert ignore.ignores("src/main.o")
    assert not ignore.ignores("src/main.c")


def test_ignored_at_the_top():
    ignore = IgnoreList(["*.log", "!keep.log"])
    assert ignore.ignores("error.log")
    assert not ignore.ignores("keep.log")
