import unittest

from greet import greet


class Greet(unittest.TestCase):
    def test_a_name(self):
        self.assertTrue(greet("Ada").startswith("Hello"))

    def test_spaces_around_a_name(self):
        self.assertEqual(greet(" Ada "), "Hello Ada")


if __name__ == "__main__":
    unittest.main()
