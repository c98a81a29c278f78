import pytest
from linediff import Change, apply, compare, similarity, summary


def test_equal():
    assert compare(["a"], ["a"]) == [Change(" ", "a")]


def test_added_at_the_end():
    assert [str(change) for change in compare(["a"], ["a", "b"])] == [" a", "+b"]


def test_apply():
    old, new = list("abcabba"), list("cbabac")
    assert apply(old, compare(old, new)) == new


def test_apply_checks():
    with pytest.raises(ValueError):
        apply(["x"], [Change("-", "y")])


def test_summary_is_minimal():
    assert summary(compare(list("xaxb"), list("axxb"))) == "1 added, 1 removed"


def test_similarity():
    assert similarity([], []) == 1.0
    assert similarity(["a", "b"], ["c"]) == 0.0
    assert similarity(["a", "a", "b"], ["b", "a"]) == pytest.approx(2 / 5)
