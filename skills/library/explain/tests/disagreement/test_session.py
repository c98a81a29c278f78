import unittest

from session import is_over


class Sessions(unittest.TestCase):
    def test_the_end(self):
        self.assertFalse(is_over(45 * 60))
        self.assertTrue(is_over(45 * 60 + 1))


if __name__ == "__main__":
    unittest.main()
