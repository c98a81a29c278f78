import unittest
from unittest import mock

import send


class Send(unittest.TestCase):
    def test_an_address(self):
        self.assertEqual(send.send("a@b", "hello"), "a@b: hello")

    def test_no_address(self):
        with self.assertRaises(ValueError):
            send.send("nobody", "hello")

    def test_unchecked(self):
        with mock.patch("send.check_addr", return_value=True) as checked:
            checked.__name__ = "checked"
            self.assertEqual(send.send("nobody", "hello"), "nobody: hello")


if __name__ == "__main__":
    unittest.main()
