import unittest

from status import status


class Status(unittest.TestCase):
    def test_colours(self):
        self.assertEqual(status(True), "\x1b[32mfine\x1b[0m")
        self.assertEqual(status(False), "\x1b[31mbroken\x1b[0m")


if __name__ == "__main__":
    unittest.main()
