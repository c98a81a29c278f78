import unittest

from names import full_name


class Names(unittest.TestCase):
    def test_both(self):
        self.assertEqual(full_name("Ada", "Lovelace"), "Ada Lovelace")


if __name__ == "__main__":
    unittest.main()
