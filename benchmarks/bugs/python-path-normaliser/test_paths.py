import pytest
from paths import is_inside, join, normalise, relative, split_extension


@pytest.mark.parametrize(
    ("path", "expected"),
    [("a//b/./c", "a/b/c"), ("a/b/../c", "a/c"), ("/", "/"), ("a/..", "."), ("", ".")],
)
def test_normalise(path, expected):
    assert normalise(path) == expected


def test_join():
    assert join("a", "b", "../c") == "a/c"
    assert join("a", "/b", "c") == "/b/c"
    assert join("src", "../../lib") == "../lib"


def test_relative():
    assert relative("/a/b/c", "/a/d") == "../b/c"
    assert relative("/a", "/a") == "."
    with pytest.raises(ValueError):
        relative("/a", "b")


def test_is_inside():
    assert is_inside("/srv/files/a.txt", "/srv/files")
    assert not is_inside("/srv/filesystem", "/srv/files")
    assert not is_inside("/srv/files/../secret", "/srv/files")


def test_root_has_no_parent():
    assert join("/etc", "../../../usr") == "/usr"


def test_extension():
    assert split_extension("a.b/c.tar") == ("a.b/c", ".tar")
    assert split_extension("a/.profile") == ("a/.profile", "")
