import unittest

from greet import greet


class Greet(unittest.TestCase):
    def test_a_name(self):
        self.assertTrue(greet("Ada").startswith("Hello"))


if __name__ == "__main__":
    unittest.main()
