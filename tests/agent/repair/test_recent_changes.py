"""What the history says of lines: the newest of a file come first where the tests can't tell them apart."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from own_git import git

from seedsmith.agent.repair.diagnosis import Diagnosis, FailedTest
from seedsmith.agent.repair.recent_changes import newness, recent_changes
from seedsmith.agent.repair.suspects import find_suspects

FIRST = "def one():\n    return 1\n\n\ndef two():\n    return 2\n"
CHANGED = FIRST.replace("return 1", "return 11")


def failing_in(**lines: range) -> Diagnosis:
    ran = {name.replace("_", "."): frozenset(numbers) for name, numbers in lines.items()}
    return Diagnosis("", 1.0, False, (FailedTest("test_it", "", (), ran),))


@pytest.fixture
def history(work: Path) -> Path:
    """A file that two commits made, and one that a single commit holds whole."""
    git(work, "init", "-q")
    (work / "same.py").write_text(FIRST)
    for year, text in ((2020, FIRST), (2021, CHANGED)):
        (work / "程序.py").write_text(text)
        git(work, "add", ".")
        git(work, "commit", "-qm", "Change", GIT_COMMITTER_DATE=f"{year}-01-01T00:00:00Z")
    return work


async def test_lines_are_as_new_as_their_commit(history, runner, monkeypatch):
    diagnosis = failing_in(程序_py=range(1, 7), same_py=range(1, 7))
    (history / "程序.py").write_text(CHANGED.replace("return 2", "return 22"))
    recent = await recent_changes(runner, diagnosis)
    assert set(recent) == {"程序.py"}
    newest, second, oldest = (recent["程序.py"][line] for line in (6, 2, 1))
    assert 1 > newest > second > oldest > 0


async def test_without_a_history_nothing_is_said(work, runner):
    (work / "program.py").write_text(FIRST)
    assert await recent_changes(runner, failing_in(program_py=range(1, 7))) == {}
    git(work, "init", "-q")
    assert await recent_changes(runner, failing_in(program_py=range(1, 7))) == {}


@pytest.mark.parametrize("line", [2, 6])
def test_of_what_ran_alike_the_newest_comes_first(line):
    diagnosis = failing_in(program_py=range(1, 7))
    recent = {"program.py": {number: 0.9 if number == line else 0.4 for number in range(1, 7)}}
    first = find_suspects(diagnosis, ["program.py"], lambda path: FIRST, recent=recent)[0]
    assert first.region.holds(line)
    assert max(first.lines, key=first.lines.__getitem__) == line


@given(st.dictionaries(st.integers(1, 200), st.integers(0, 9)))
def test_newer_lines_have_more(times):
    found = newness(times)
    assert not found if len(set(times.values())) < 2 else set(found) == set(times)
    for one in found:
        assert 0 < found[one] < 1
        assert all((found[one] < found[other]) == (times[one] < times[other]) for other in found)
