"""What a reader owes for late books, in cents."""

from datetime import date

from loans import days_late

CENTS_PER_DAY = 20
HIGHEST_FINE = 1000


def fine(borrowed: date, returned: date) -> int:
    """The fine for one book: so much a day, up to the highest."""
    return min(days_late(borrowed, returned) * CENTS_PER_DAY, HIGHEST_FINE)


def total(loans: list[tuple[date, date]]) -> int:
    """The fines of several books together."""
    return sum(fine(borrowed, returned) for borrowed, returned in loans)
