import unittest

from prices import prices


class Prices(unittest.TestCase):
    def test_a_table(self):
        self.assertEqual(prices("tea,250\ncake,310"), {"tea": 250, "cake": 310})


if __name__ == "__main__":
    unittest.main()
