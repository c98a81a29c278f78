import unittest
from datetime import date

from dateranges import DateRange, per_month


class DateRangeTest(unittest.TestCase):
    def test_length_counts_both_ends(self):
        self.assertEqual(len(DateRange(date(2024, 1, 1), date(2024, 1, 31))), 31)

    def test_contains(self):
        week = DateRange(date(2024, 5, 6), date(2024, 5, 12))
        self.assertIn(date(2024, 5, 12), week)
        self.assertNotIn(date(2024, 5, 13), week)

    def test_workdays(self):
        week = DateRange(date(2024, 5, 6), date(2024, 5, 12))
        self.assertEqual([day.day for day in week.workdays()], [6, 7, 8, 9, 10])

    def test_months(self):
        parts = DateRange(date(2024, 1, 30), date(2024, 3, 2)).months()
        self.assertEqual([len(part) for part in parts], [2, 29, 2])

    def test_shift(self):
        moved = DateRange(date(2024, 2, 28), date(2024, 2, 29)).shift(1)
        self.assertEqual(moved.last, date(2024, 3, 1))

    def test_days_per_month_in_autumn(self):
        counts = per_month(
            [
                DateRange(date(2023, 10, 30), date(2023, 11, 4)),
                DateRange(date(2023, 11, 29), date(2023, 12, 2)),
            ]
        )
        self.assertEqual(counts, {(2023, 10): 2, (2023, 11): 6, (2023, 12): 2})
