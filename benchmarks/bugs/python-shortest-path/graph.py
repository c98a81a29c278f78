"""Weighted graphs: shortest ways, reachability, components."""

import heapq


class NoPathError(LookupError):
    """There is no way between two nodes."""


class Graph:
    """A directed graph with weights of zero or more."""

    def __init__(self):
        self._edges = {}

    def add_node(self, node):
        self._edges.setdefault(node, {})

    def add_edge(self, source, target, weight=1, both_ways=False):
        """Add an edge; of several edges between two nodes the lightest counts."""
        if weight < 0:
            raise ValueError("weights must not be negative")
        self.add_node(source)
        self.add_node(target)
        known = self._edges[source].get(target, weight)
        self._edges[source][target] = min(known, weight)
        if both_ways:
            self.add_edge(target, source, weight)

    def neighbours(self, node):
        return self._edges[node].items()

    def _search(self, start):
        """Distances from ``start``, and each node's predecessor on its way."""
        distances = {start: 0}
        previous = {}
        waiting = [(0, start)]
        while waiting:
            distance, node = heapq.heappop(waiting)
            if distance > distances[node]:
                continue
            for neighbour, weight in self.neighbours(node):
                candidate = distance + weight
                if neighbour not in distances or candidate < distances[neighbour]:
                    distances[neighbour] = candidate
                    previous[neighbour] = node
                    heapq.heappush(waiting, (candidate, neighbour))
        return distances, previous

    def distance(self, start, goal):
        """The length of the shortest way."""
        distances, _ = self._search(start)
        if goal not in distances:
            raise NoPathError(f"no way from {start} to {goal}")
        return distances[goal]

    def path(self, start, goal):
        """The nodes of the shortest way, both ends included."""
        distances, previous = self._search(start)
        if goal not in distances:
            raise NoPathError(f"no way from {start} to {goal}")
        nodes = [goal]
        while nodes[-1] != start:
            nodes.append(previous[nodes[-1]])
        return nodes[::-1]

    def reachable(self, start):
        """Every node one can get to from ``start``."""
        return set(self._search(start)[0])
