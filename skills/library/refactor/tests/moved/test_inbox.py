import unittest

from inbox import summary


class Inbox(unittest.TestCase):
    def test_summary(self):
        self.assertEqual(summary(["hello"]), "You have 1 mail.")
        self.assertEqual(summary([]), "You have 0 mails.")


if __name__ == "__main__":
    unittest.main()
