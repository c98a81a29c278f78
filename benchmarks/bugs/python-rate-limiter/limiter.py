"""Limits how often something may happen."""

import time


class TokenBucket:
    """Grants up to ``capacity`` at once and ``rate`` a second in the long run."""

    def __init__(self, rate, capacity, clock=time.monotonic):
        if rate <= 0 or capacity <= 0:
            raise ValueError("rate and capacity must be positive")
        self.rate = rate
        self.capacity = capacity
        self._clock = clock
        self._tokens = capacity
        self._updated = clock()

    def _refill(self):
        now = self._clock()
        elapsed = now - self._updated
        self._tokens = min(self.capacity, self._tokens + elapsed * self.rate)
        self._updated = now

    @property
    def available(self):
        """Tokens there are now."""
        self._refill()
        return self._tokens

    def take(self, count=1):
        """Take ``count`` tokens if there are that many; say whether it worked."""
        self._refill()
        if count > self._tokens:
            return False
        self._tokens -= count
        return True

    def wait_time(self, count=1):
        """Seconds until ``count`` tokens will be there."""
        if count > self.capacity:
            raise ValueError("more than the bucket ever holds")
        missing = count - self.available
        return max(0.0, missing / self.rate)


class KeyedLimiter:
    """One bucket for each key; buckets that are full again are forgotten."""

    def __init__(self, rate, capacity, clock=time.monotonic):
        self._make = lambda: TokenBucket(rate, capacity, clock)
        self._buckets = {}

    def __len__(self):
        return len(self._buckets)

    def allow(self, key):
        """Whether ``key`` may go on now."""
        if key not in self._buckets:
            self._buckets[key] = self._make()
        return self._buckets[key].take()

    def sweep(self):
        """Forget idle keys; return how many."""
        idle = [key for key, bucket in self._buckets.items() if bucket.available >= bucket.capacity]
        for key in idle:
            del self._buckets[key]
        return len(idle)
