"""Of several changes that pass, the one that leaves most as it was comes first."""

import json

import pytest

from seedsmith.agent.repair.choosing import in_order, size
from seedsmith.agent.repair.trials import Candidate, Passing

OLD = "def f(x):\n    return x + 1\n"


def passing(number: int, new: str, *, doubtful: bool = False, path: str = "a.py") -> Passing:
    return Passing(number, Candidate(path, OLD, new, by_model=False, doubtful=doubtful))


def noted(results):
    """Notes of a program's results, by what was changed."""

    async def given(path, candidate):
        return [json.dumps(results[candidate and candidate.new]).encode()]

    return given


async def numbers(passed, given):
    return [each.number for each in await in_order(passed, given)]


async def test_what_changes_fewer_other_results_comes_first() -> None:
    passed = [passing(1, "one"), passing(2, "two"), passing(3, "three")]
    results = {None: {"a": 9, "b": 1}, "one": {"a": 1}, "two": {"a": 9, "b": 1}, "three": {"a": 5, "b": 1}}
    assert await numbers(passed, noted(results)) == [2, 3, 1]


async def test_a_doubtful_kind_comes_last_whatever_it_leaves_as_it_was() -> None:
    passed = [passing(1, "one", doubtful=True), passing(2, "two")]
    assert await numbers(passed, noted({None: {"a": 2}, "one": {"a": 2}, "two": {"a": 1}})) == [2, 1]


async def test_of_two_that_do_alike_the_smaller_comes_first() -> None:
    large, small = "def f(x):\n    return max(x, x + 2)\n", "def f(x):\n    return x + 2\n"
    passed = [passing(1, large), passing(2, small)]
    assert size(passed[0].candidate) > size(passed[1].candidate) == 2
    assert await numbers(passed, noted({None: {"a": 2}, large: {"a": 2}, small: {"a": 2}})) == [2, 1]


async def test_results_that_change_by_themselves_say_nothing() -> None:
    told = iter([{"a": 9, "1": 1}, {"a": 9, "2": 1}, {"a": 9, "3": 1}, {"a": 9, "4": 1}])

    async def given(path, candidate):
        return [json.dumps(next(told)).encode()]

    passed = [passing(1, OLD.replace("1", "2")), passing(2, OLD.replace("1", "3"))]
    assert await numbers(passed, given) == [1, 2]


@pytest.mark.parametrize("note", [b"", b"[]", b'{"a": "x"}', b"\xff", b'{"a": null}'])
async def test_what_is_no_note_decides_nothing(note) -> None:
    async def given(path, candidate):
        return [note]

    passed = [passing(2, OLD.replace("1", "2")), passing(1, OLD.replace("1", "3"))]
    assert await numbers(passed, given) == [1, 2]


async def test_one_change_needs_no_run() -> None:
    async def given(path, candidate):
        raise AssertionError("it was run")

    assert await numbers([passing(4, "one")], given) == [4]
    other = [passing(4, "one", path="a.c"), passing(5, "one two", path="a.c")]
    assert len(await numbers(other, given)) == 2, "nor one of another language"
