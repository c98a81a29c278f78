import unittest

from querystring import build, decode, encode, parse, update


class QueryStringTest(unittest.TestCase):
    def test_encode(self):
        self.assertEqual(encode("a b&é"), "a+b%26%C3%A9")

    def test_decode(self):
        self.assertEqual(decode("a+b%26%c3%a9"), "a b&é")
        self.assertEqual(decode("100%"), "100%")

    def test_parse_nothing(self):
        self.assertEqual(parse("?"), {})

    def test_build(self):
        self.assertEqual(
            build({"q": "x y", "page": 2, "tag": ["a", "b"], "no": None}), "q=x+y&page=2&tag=a&tag=b"
        )

    def test_update_drops_the_last_parameter(self):
        self.assertEqual(update("/list"), "/list")

    def test_update(self):
        self.assertEqual(update("/list?page=1&sort=name", page=2), "/list?page=2&sort=name")

    def test_lists(self):
        self.assertEqual(parse("id[]=1&id[]=2"), {"id": ["1", "2"]})
