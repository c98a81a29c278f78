"""A bounded mapping that forgets what was used least recently."""

from collections import OrderedDict


class LRUCache:
    """Holds at most ``capacity`` entries and counts hits and misses."""

    def __init__(self, capacity):
        if capacity < 1:
            raise ValueError("capacity must be at least 1")
        self.capacity = capacity
        self.hits = 0
        self.misses = 0
        self._items = OrderedDict()

    def __len__(self):
        return len(self._items)

    def __contains__(self, key):
        return key in self._items

    def get(self, key, default=None):
        """Return the value of ``key`` and count the look-up."""
        if key not in self._items:
            self.misses += 1
            return default
        self.hits += 1
        self._items.move_to_end(key)
        return self._items[key]

    def put(self, key, value):
        """Store ``value``; return the key that had to go, or None."""
        if key in self._items:
            self._items[key] = value
            self._items.move_to_end(key)
            return None
        evicted = None
        if len(self._items) >= self.capacity:
            evicted, _ = self._items.popitem(last=False)
        self._items[key] = value
        return evicted

    def keys(self):
        """Keys from the least to the most recently used."""
        return list(self._items)

    def resize(self, capacity):
        """Change the capacity, dropping the oldest entries that no longer fit."""
        if capacity < 1:
            raise ValueError("capacity must be at least 1")
        self.capacity = capacity
        while len(self._items) > capacity:
            self._items.popitem(last=False)


def cached(capacity):
    """Decorate a function of hashable positional arguments with an LRU cache."""

    def decorate(function):
        cache = LRUCache(capacity)
        missing = object()

        def wrapper(*arguments):
            value = cache.get(arguments, missing)
            if value is missing:
                value = function(*arguments)
                cache.put(arguments, value)
            return value

        wrapper.cache = cache
        return wrapper

    return decorate
