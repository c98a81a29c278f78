"""Of a long report the model is told what stands out."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedsmith.agent.tasks.report_excerpt import MOST_CHARACTERS, excerpt

NOISE = ("GET /orders/{} 200 in {} ms", "cache: {} hits, {} misses", "worker {} took job {:x}", "ok {} {}")


def a_log(lines, *within, at=0.5):
    """A log of so many lines of a few kinds, with ``within`` at this part of it."""
    chance = random.Random(7)  # noqa: S311
    log = [
        f"2026-11-30 01:{n % 60:02}:{n % 59:02} INFO {NOISE[n % 4].format(n, chance.randrange(10**6))}"
        for n in range(lines)
    ]
    where = int(lines * at)
    return "\n".join([*log[:where], *within, *log[where:]])


def test_a_short_report_is_told_whole():
    text = a_log(200)
    assert excerpt(text) == text


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("2026-11-30 01:02:03 ERROR order 4711: total is -3", ""),
        ("2026-11-30 01:02:03 INFO the total of order 4711 is -3", ""),
        ("java.lang.IllegalStateException: no such total", ""),
        ("2026-11-30 01:02:03 INFO GET /orders/4711.77 200 in 3 ms", "order 4711.77 is wrong"),
        ("支付失败:金额为负", ""),
    ],
)
def test_the_one_line_that_matters_is_told(line, told):
    log = a_log(6_000, line, at=0.4)
    found = excerpt(log, told)
    assert line in found and len(found) < MOST_CHARACTERS * 1.1 < len(log)
    assert found.startswith(log[:1_000]) and found.endswith(log[-1_000:]) and "lines left out …]" in found


def test_a_traceback_is_told_whole_and_once_among_many():
    raised = ["Traceback (most recent call last):"]
    raised += [f'  File "shop/{n}.py", line {n}, in f{n}\n    call_{n}()' for n in range(8)]
    raised += ["KeyError: 'total'"]
    many = [f"2026-11-30 ERROR retry {n} failed" for n in range(3_000)]
    found = excerpt(a_log(3_000, *many, *raised, *many))
    assert "\n".join(raised) in found and found.count("ERROR retry") < 30


@given(st.lists(st.text(max_size=40), max_size=60), st.integers(1, 3_000))
def test_whatever_is_reported_has_a_bounded_excerpt_of_its_own_lines(lines, times):
    text = "\n".join(lines * times)
    found = excerpt(text, "the total")
    assert len(found) <= max(MOST_CHARACTERS * 1.6, 0) or found == text
    assert all(
        line in text or "lines left out …]" in line or line.endswith(" […]") for line in found.splitlines()
    )
