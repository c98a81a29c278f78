import pytest
from semver import Version, latest, satisfies


def test_parse_and_print():
    assert str(Version.parse("v1.2.3-rc.1+build.5")) == "1.2.3-rc.1+build.5"


def test_rejects_nonsense():
    with pytest.raises(ValueError):
        Version.parse("1.2")


def test_order():
    ordered = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-beta", "1.0.0", "1.2.0", "1.10.0"]
    shuffled = [ordered[index] for index in (3, 0, 5, 2, 4, 1)]
    assert sorted(shuffled, key=Version.parse) == ordered


def test_build_is_ignored():
    assert Version.parse("1.0.0+a") == Version.parse("1.0.0+b")


def test_bump():
    version = Version.parse("1.2.3")
    assert str(version.bump("minor")) == "1.3.0"
    assert str(version.bump("patch")) == "1.2.4"
    assert str(Version.parse("2.0.0-rc.1").bump("patch")) == "2.0.0"


def test_caret():
    assert satisfies(Version.parse("1.9.0"), "^1.2.0")
    assert not satisfies(Version.parse("2.0.0"), "^1.2.0")
    assert not satisfies(Version.parse("0.3.0"), "^0.2.1")


def test_latest():
    assert latest(["1.2.0", "1.11.3", "1.9.0", "2.0.0"], "^1.0.0") == "1.11.3"
    assert latest(["2.0.0-rc.2", "2.0.0-rc.11", "2.0.0-rc.9"], "^2.0.0-rc.1") == "2.0.0-rc.11"
    assert latest(["1.0.0"], "^3.0.0") is None
