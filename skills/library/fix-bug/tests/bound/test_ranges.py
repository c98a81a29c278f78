import unittest

from ranges import parse


class Parse(unittest.TestCase):
    def test_single_numbers(self):
        self.assertEqual(parse("4, 7"), [4, 7])

    def test_both_ends_belong_to_a_range(self):
        self.assertEqual(parse("1-3"), [1, 2, 3])


if __name__ == "__main__":
    unittest.main()
