import unittest

from report import daily, monthly

SALES = [{"count": 2, "cents": 150}, {"count": 1, "cents": 5}]


class Reports(unittest.TestCase):
    def test_daily(self):
        self.assertEqual(daily(SALES), "Today: 3.05")
        self.assertEqual(daily([]), "Today: 0.00")

    def test_monthly(self):
        self.assertEqual(monthly([("Mon", SALES), ("Tue", [])]), "Mon: 3.05\nTue: 0.00")


if __name__ == "__main__":
    unittest.main()
