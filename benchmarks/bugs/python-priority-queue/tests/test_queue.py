import pytest
from pqueue import PriorityQueue


def test_two_items():
    queue = PriorityQueue()
    queue.add("b", 2)
    queue.add("a", 1)
    assert queue.drain() == ["a", "b"]


def test_equal_priorities_keep_their_order():
    queue = PriorityQueue()
    for item in "xy":
        queue.add(item, 0)
    assert queue.drain() == ["x", "y"]


def test_empty_queue():
    with pytest.raises(IndexError):
        PriorityQueue().pop()


def test_membership():
    queue = PriorityQueue()
    queue.add("a", 1)
    assert "a" in queue
    assert queue.discard("a")
    assert not queue.discard("a")
    assert len(queue) == 0


def test_sorted_at_last():
    queue = PriorityQueue()
    for number in (5, 3, 8, 1, 9, 2, 7):
        queue.add(f"job{number}", number)
    assert queue.drain() == ["job1", "job2", "job3", "job5", "job7", "job8", "job9"]


def test_changed_priority():
    queue = PriorityQueue()
    queue.add("a", 1)
    queue.add("b", 2)
    queue.add("a", 3)
    assert queue.drain() == ["b", "a"]
