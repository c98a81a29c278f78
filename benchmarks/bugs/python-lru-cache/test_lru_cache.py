import pytest
from lru_cache import LRUCache, cached


def test_returns_default_for_unknown_keys():
    cache = LRUCache(2)
    assert cache.get("a") is None
    assert cache.get("a", 5) == 5
    assert cache.misses == 2


def test_evicts_the_oldest():
    cache = LRUCache(2)
    cache.put("a", 1)
    cache.put("b", 2)
    assert cache.put("c", 3) == "a"
    assert cache.keys() == ["b", "c"]


def test_writing_again_refreshes():
    cache = LRUCache(2)
    cache.put("a", 1)
    cache.put("b", 2)
    cache.put("a", 10)
    assert cache.put("c", 3) == "b"
    assert cache.get("a") == 10


def test_resize_drops_the_oldest():
    cache = LRUCache(3)
    for key in "abc":
        cache.put(key, key)
    cache.resize(1)
    assert cache.keys() == ["c"]


def test_capacity_is_checked():
    with pytest.raises(ValueError):
        LRUCache(0)


def test_decorator_keeps_what_is_used_often():
    calls = []

    @cached(2)
    def square(number):
        calls.append(number)
        return number * number

    for number in (1, 2, 1, 3, 1):
        assert square(number) == number * number
    assert calls == [1, 2, 3]
