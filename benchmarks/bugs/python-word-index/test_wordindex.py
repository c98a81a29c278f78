from wordindex import WordIndex, words_of


def test_words():
    assert words_of("Don't panic, 42 times!") == ["don't", "panic", "times"]


def test_phrase():
    index = WordIndex()
    index.add("x", "to be or not to be")
    index.add("y", "be to")
    assert index.phrase("to be") == ["x"]


def test_documents():
    index = WordIndex(["the"])
    index.add("a", "The cat")
    index.add("b", "the dog and the cat")
    assert index.documents("Cat") == ["a", "b"]
    assert index.documents("the") == []


def test_search_ranks_by_hits():
    index = WordIndex()
    index.add("a", "red fish")
    index.add("b", "red red fish")
    assert index.search("fish red") == ["b", "a"]
    assert index.search("fish blue") == []


def test_removed_documents_are_gone():
    index = WordIndex()
    index.add("c", "old tree")
    index.remove("c")
    assert index.postings == {}
