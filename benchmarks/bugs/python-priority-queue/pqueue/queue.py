"""The queue's public face."""

from itertools import count

from pqueue.heap import IndexedHeap


class PriorityQueue:
    """Lowest priority first; equal priorities leave in the order they came."""

    def __init__(self):
        self._heap = IndexedHeap()
        self._tickets = count()

    def __len__(self):
        return len(self._heap)

    def __contains__(self, item):
        return item in self._heap.places

    def add(self, item, priority):
        """Put ``item`` in, or change its priority if it waits already."""
        if item in self:
            self._heap.remove(self._heap.places[item])
        self._heap.push((priority, next(self._tickets)), item)

    def discard(self, item):
        """Take ``item`` out; return whether it was there."""
        if item not in self:
            return False
        self._heap.remove(self._heap.places[item])
        return True

    def pop(self):
        """Return the next item; raises :class:`IndexError` where there is none."""
        if not self:
            raise IndexError("the queue is empty")
        return self._heap.remove(0)[1]

    def drain(self):
        """All items in order; the queue is empty afterwards."""
        return [self.pop() for _ in range(len(self))]
