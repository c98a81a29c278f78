"""How often Python looks for garbage."""

import gc
from collections.abc import Iterator

import pytest

from seedsmith.agent.cli.garbage import collect_often, collect_seldom


@pytest.fixture(autouse=True)
def habits() -> Iterator[None]:
    """Give Python its own habits back."""
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


class Node:
    """An object that refers to itself, which only a look for garbage frees."""

    alive = 0

    def __init__(self) -> None:
        Node.alive += 1
        self.itself = self

    def __del__(self) -> None:
        Node.alive -= 1


def left_of(count: int) -> int:
    """How many of so many dropped nodes are still there."""
    Node.alive = 0
    for _ in range(count):
        Node()
    return Node.alive


def test_a_start_keeps_what_it_drops_and_work_frees_it() -> None:
    collect_seldom()
    assert left_of(5_000) == 5_000
    collect_often()
    assert left_of(5_000) < 1_000


def test_what_was_there_is_not_looked_at_again() -> None:
    collect_often()
    assert gc.get_freeze_count() > 10_000
    assert len(gc.get_objects()) < 5_000
