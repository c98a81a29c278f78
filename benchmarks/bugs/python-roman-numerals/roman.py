"""Roman numerals from 1 to 3999."""

from functools import total_ordering

_PIECES = (
    (1000, "M"),
    (900, "CM"),
    (500, "D"),
    (400, "CD"),
    (100, "C"),
    (90, "XC"),
    (50, "L"),
    (40, "XL"),
    (10, "X"),
    (9, "IX"),
    (5, "V"),
    (4, "IV"),
    (1, "I"),
)
_LARGEST = 3999


def to_roman(number):
    """Write ``number`` as a Roman numeral."""
    if not 1 <= number <= _LARGEST:
        raise ValueError(f"{number} has no Roman numeral")
    parts = []
    for value, letters in _PIECES:
        times, number = divmod(number, value)
        parts.append(letters * times)
    return "".join(parts)


def from_roman(text):
    """Read a Roman numeral in its canonical form."""
    letters = {letter: value for value, letter in _PIECES if len(letter) == 1}
    total = 0
    highest = 0
    for letter in reversed(text.upper()):
        if letter not in letters:
            raise ValueError(f"not a Roman letter: {letter!r}")
        value = letters[letter]
        total += value if value >= highest else -value
        highest = max(highest, value)
    if not text or to_roman(total) != text.upper():
        raise ValueError(f"not a canonical numeral: {text!r}")
    return total


@total_ordering
class Roman:
    """A number that shows itself in Roman letters."""

    def __init__(self, value):
        self.value = from_roman(value) if isinstance(value, str) else int(value)

    def __str__(self):
        return to_roman(self.value)

    def __add__(self, other):
        return Roman(self.value + Roman(getattr(other, "value", other)).value)

    def __eq__(self, other):
        return self.value == Roman(getattr(other, "value", other)).value

    def __lt__(self, other):
        return self.value < Roman(getattr(other, "value", other)).value

    def __hash__(self):
        return hash(self.value)
