"""Finds documents by the words in them."""

import re
from collections import Counter

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


def words_of(text):
    """The words of ``text`` in lower case."""
    return [word.lower() for word in _WORD.findall(text)]


class WordIndex:
    """An inverted index: for each word, in which documents and where it stands."""

    def __init__(self, stop_words=None):
        self.stop_words = set(stop_words or ())
        self.postings = {}

    def add(self, name, text):
        """Index one document under ``name``."""
        for position, word in enumerate(words_of(text)):
            if word not in self.stop_words:
                self.postings.setdefault(word, {}).setdefault(name, []).append(position)

    def remove(self, name):
        """Forget a document."""
        for word in list(self.postings):
            self.postings[word].pop(name, None)
            if not self.postings[word]:
                del self.postings[word]

    def documents(self, word):
        """The names of the documents with ``word``, sorted."""
        return sorted(self.postings.get(word.lower(), {}))

    def search(self, query):
        """Documents that have every word of ``query``, the ones with the most hits first."""
        words = [word for word in words_of(query) if word not in self.stop_words]
        hits = Counter()
        found = None
        for word in words:
            places = self.postings.get(word, {})
            found = set(places) if found is None else found & set(places)
            hits.update({name: len(positions) for name, positions in places.items()})
        return sorted(found or (), key=lambda name: (-hits[name], name))

    def phrase(self, query):
        """Documents in which the words of ``query`` stand side by side."""
        first, *others = words_of(query)
        matching = []
        for name, positions in sorted(self.postings.get(first, {}).items()):
            for position in positions:
                if all(
                    position + offset in self.postings.get(word, {}).get(name, ())
                    for offset, word in enumerate(others, start=1)
                ):
                    matching.append(name)
                    break
        return matching
