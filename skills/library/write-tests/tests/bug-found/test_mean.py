import unittest

from median import mean


class Mean(unittest.TestCase):
    def test_some_numbers(self):
        self.assertEqual(mean([1, 2]), 1.5)


if __name__ == "__main__":
    unittest.main()
