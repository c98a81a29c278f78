"""Books on a shelf."""


class Shelf:
    def __init__(self):
        self.books = set()

    def put(self, book):
        self.books.add(book)


def put_back(shelf, books):
    for book in books:
        shelf.put(book)
