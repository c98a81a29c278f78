import unittest


class Pages(unittest.TestCase):
    def test_nothing_yet(self):
        self.assertEqual("".join([]), "")


if __name__ == "__main__":
    unittest.main()
