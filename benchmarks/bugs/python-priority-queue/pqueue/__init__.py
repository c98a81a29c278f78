"""A priority queue whose entries can change their priority."""

from pqueue.queue import PriorityQueue

__all__ = ["PriorityQueue"]
