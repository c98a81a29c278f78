import pytest
from limiter import KeyedLimiter, TokenBucket


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def test_burst_up_to_capacity():
    bucket = TokenBucket(1, 3, Clock())
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]


def test_refills_with_time():
    clock = Clock()
    bucket = TokenBucket(2, 4, clock)
    assert bucket.take(4)
    clock.now += 1
    assert bucket.available == 2


def test_wait_time():
    bucket = TokenBucket(2, 4, Clock())
    bucket.take(4)
    assert bucket.wait_time(3) == 1.5
    with pytest.raises(ValueError):
        bucket.wait_time(5)


def test_keys_do_not_share():
    limiter = KeyedLimiter(1, 1, Clock())
    assert limiter.allow("a")
    assert limiter.allow("b")
    assert not limiter.allow("a")


def test_second_after_second():
    clock = Clock()
    limiter = KeyedLimiter(1, 2, clock)
    answers = []
    for _ in range(4):
        answers.append([limiter.allow("a"), limiter.allow("a")])
        clock.now += 1
    assert answers == [[True, True], [True, False], [True, False], [True, False]]


def test_sweep_forgets_full_buckets():
    clock = Clock()
    limiter = KeyedLimiter(1, 1, clock)
    limiter.allow("a")
    clock.now += 5
    limiter.allow("b")
    assert limiter.sweep() == 1
    assert len(limiter) == 1
