import pytest
from roman import Roman, from_roman, to_roman


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "I"), (4, "IV"), (49, "XLIX"), (58, "LVIII"), (1994, "MCMXCIV"), (3999, "MMMCMXCIX")],
)
def test_there_and_back(number, text):
    assert to_roman(number) == text
    assert from_roman(text) == number


def test_tens():
    assert [to_roman(number) for number in (10, 11, 20)] == ["X", "XI", "XX"]


@pytest.mark.parametrize("number", [0, -1, 4000])
def test_out_of_range(number):
    with pytest.raises(ValueError):
        to_roman(number)


@pytest.mark.parametrize("text", ["", "IIII", "IC", "Q"])
def test_nonsense(text):
    with pytest.raises(ValueError):
        from_roman(text)


def test_arithmetic():
    assert str(Roman("IV") + 3) == "VII"
    assert Roman(5) == "V"
    assert Roman("IV") < Roman("VI")
