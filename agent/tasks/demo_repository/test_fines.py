import unittest
from datetime import date

from fines import fine, total


class FinesTest(unittest.TestCase):
    def test_on_the_last_day_nothing_is_owed(self):
        self.assertEqual(fine(date(2026, 3, 1), date(2026, 3, 22)), 0)

    def test_back_early_nothing_is_owed(self):
        self.assertEqual(fine(date(2026, 3, 1), date(2026, 3, 4)), 0)

    def test_three_days_late(self):
        self.assertEqual(fine(date(2026, 3, 1), date(2026, 3, 25)), 60)

    def test_the_highest_fine(self):
        self.assertEqual(fine(date(2026, 3, 1), date(2026, 12, 24)), 1000)

    def test_several_books(self):
        books = [(date(2026, 3, 1), date(2026, 3, 23)), (date(2026, 3, 1), date(2026, 3, 24))]
        self.assertEqual(total(books), 60)


if __name__ == "__main__":
    unittest.main()
