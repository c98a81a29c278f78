"""Half-open intervals and sets of them."""

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Interval:
    """All x with ``start <= x < end``."""

    start: int
    end: int

    def __post_init__(self):
        if self.end < self.start:
            raise ValueError(f"end {self.end} before start {self.start}")

    @property
    def length(self):
        return self.end - self.start

    def overlaps(self, other):
        return self.start < other.end and other.start < self.end

    def intersection(self, other):
        """The common part, or None."""
        if not self.overlaps(other):
            return None
        return Interval(max(self.start, other.start), min(self.end, other.end))


def merge(intervals):
    """Join intervals that overlap or touch; the result is sorted."""
    merged = []
    for interval in sorted(intervals):
        if interval.length == 0:
            continue
        last = merged[-1] if merged else None
        if last is not None and interval.start <= last.end:
            merged[-1] = Interval(last.start, max(last.end, interval.end))
        else:
            merged.append(interval)
    return merged


def subtract(intervals, holes):
    """What is left of ``intervals`` without ``holes``."""
    remaining = []
    holes = merge(holes)
    for interval in merge(intervals):
        start = interval.start
        for hole in holes:
            if hole.end <= start or hole.start >= interval.end:
                continue
            if hole.start > start:
                remaining.append(Interval(start, hole.start))
            start = hole.end
        if start < interval.end:
            remaining.append(Interval(start, interval.end))
    return remaining


def coverage(intervals):
    """How many points the intervals cover together."""
    return sum(interval.length for interval in merge(intervals))
