import unittest

from jobs import Queue, submit
from shelf import Shelf, put_back


class Both(unittest.TestCase):
    def test_jobs(self):
        self.assertEqual(submit(Queue(), "a", "b"), [1, 2])

    def test_books(self):
        shelf = Shelf()
        put_back(shelf, ["Emma"])
        self.assertEqual(shelf.books, {"Emma"})


if __name__ == "__main__":
    unittest.main()
