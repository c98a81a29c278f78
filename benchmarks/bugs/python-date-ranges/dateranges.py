"""Ranges of days, both ends included."""

from dataclasses import dataclass
from datetime import date, timedelta

ONE_DAY = timedelta(days=1)


def next_month(day):
    """The first day of the month after ``day``."""
    return date(day.year + 1, 1, 1) if day.month == 12 else date(day.year, day.month + 1, 1)


@dataclass(frozen=True, order=True)
class DateRange:
    """Every day from ``first`` to ``last``."""

    first: date
    last: date

    def __post_init__(self):
        if self.last < self.first:
            raise ValueError("the last day is before the first")

    def __len__(self):
        return (self.last - self.first).days + 1

    def __iter__(self):
        day = self.first
        while day <= self.last:
            yield day
            day += ONE_DAY

    def __contains__(self, day):
        return self.first <= day <= self.last

    def workdays(self):
        """Days from Monday to Friday."""
        return [day for day in self if day.weekday() < 5]

    def months(self):
        """The range cut at the ends of months."""
        parts = []
        start = self.first
        while start <= self.last:
            end = min(self.last, next_month(start) - ONE_DAY)
            parts.append(DateRange(start, end))
            start = end + ONE_DAY
        return parts

    def shift(self, days):
        """The same range, ``days`` later."""
        delta = timedelta(days=days)
        return DateRange(self.first + delta, self.last + delta)


def per_month(ranges):
    """Count the days of all ranges in each month, by ``(year, month)``."""
    counts = {}
    for whole in ranges:
        for part in whole.months():
            key = (part.first.year, part.first.month)
            counts[key] = counts.get(key, 0) + len(part)
    return counts
