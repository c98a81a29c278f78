"""A binary heap in a list that knows where each item is."""


class IndexedHeap:
    """Items with keys; the smallest key is on top. Items are unique and hashable."""

    def __init__(self):
        self.entries = []
        self.places = {}

    def __len__(self):
        return len(self.entries)

    def push(self, key, item):
        self.entries.append((key, item))
        self.places[item] = len(self.entries) - 1
        self.sift_up(len(self.entries) - 1)

    def remove(self, index):
        """Take the entry at ``index`` out and return it."""
        entry = self.entries[index]
        last = self.entries.pop()
        del self.places[entry[1]]
        if index < len(self.entries):
            self.entries[index] = last
            self.places[last[1]] = index
            self.sift_down(index)
            self.sift_up(index)
        return entry

    def swap(self, first, second):
        entries = self.entries
        entries[first], entries[second] = entries[second], entries[first]
        self.places[entries[first][1]] = first
        self.places[entries[second][1]] = second

    def sift_up(self, index):
        while index > 0:
            parent = (index - 1) // 2
            if self.entries[parent][0] <= self.entries[index][0]:
                return
            self.swap(parent, index)
            index = parent

    def sift_down(self, index):
        size = len(self.entries)
        while True:
            left, right = 2 * index + 1, 2 * index + 2
            if left >= size:
                return
            child = left
            if right < size and self.entries[right][0] < self.entries[left][0]:
                child = right
            if self.entries[index][0] <= self.entries[child][0]:
                return
            self.swap(index, child)
            index = child
