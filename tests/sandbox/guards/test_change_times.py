"""When folders changed last, whoever tells of it: the folder that is asked, or the kernel by itself."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from seedsmith.sandbox.guards import change_times
from seedsmith.sandbox.guards.change_times import ChangeTimes


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for number in range(60):
        (tmp_path / f"work/part{number % 8}/folder{number}").mkdir(parents=True)
    return tmp_path / "work"


@pytest.fixture
def times(root: Path) -> Iterator[ChangeTimes]:
    made = ChangeTimes(root)
    yield made
    made.close()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The folders that were asked when they changed."""
    found: list[str] = []
    changed = change_times._changed

    def ask(folder: str) -> int | None:
        found.append(folder)
        return changed(folder)

    monkeypatch.setattr(change_times, "_changed", ask)
    return found


def all_below(root: Path) -> list[str]:
    return [folder for folder, *_ in os.walk(root)]


def look(times: ChangeTimes, folders: list[str]) -> dict[str, int | None]:
    """One look at ``folders``, those above first."""
    times.look_anew()
    return {folder: times.of(folder) for folder in folders}


def test_once_there_are_many_only_those_that_changed_are_asked(root, times, asked) -> None:
    folders = all_below(root)
    before = look(times, folders)
    for _ in range(2):  # The second look watches.
        look(times, folders)
    asked.clear()
    assert look(times, folders) == before
    assert asked == []
    (root / "part3/new").touch()
    after = look(times, folders)
    assert asked == [os.fspath(root / "part3")]
    assert [folder for folder in folders if after[folder] != before[folder]] == asked


def test_where_there_are_few_each_is_asked(root, times, asked) -> None:
    folders = all_below(root / "part0")
    for _ in range(3):
        look(times, folders)
    assert len(asked) == 3 * len(folders)


def test_folders_whose_way_is_not_watched_are_asked(root, times, asked) -> None:
    lost = [each for each in all_below(root) if each != os.fspath(root)]
    for _ in range(3):
        look(times, lost)
    assert len(asked) == 3 * len(lost)


def change_something(root: Path, chance: random.Random, number: int) -> None:
    """One change of the kinds that programs make."""
    folders = [Path(each) for each in all_below(root) if each != os.fspath(root)]
    folder, other = chance.sample(folders, 2)
    match chance.randrange(7):
        case 0:
            (folder / f"file{number}").touch()
        case 1:
            (folder / f"folder{number}/deeper").mkdir(parents=True)
        case 2:
            shutil.rmtree(folder)
        case 3 if folder not in other.parents:
            folder.rename(other / f"moved{number}")
        case 4:
            folder.chmod(0o700 + chance.randrange(8))
        case 5:
            shutil.rmtree(folder)
            folder.mkdir()
        case 6 if folder not in other.parents and other not in folder.parents:
            shutil.rmtree(other)
            folder.rename(other)


@pytest.mark.parametrize("seed", range(12))
def test_the_times_are_those_that_asking_each_gives(root, times, seed) -> None:
    chance = random.Random(seed)
    known: dict[str, None] = {}
    for number in range(40):
        known |= dict.fromkeys(all_below(root))
        now = look(times, [*known])
        assert now == {folder: change_times._changed(folder) for folder in known}
        for each in range(chance.randrange(4)):
            if len(all_below(root)) > 3:
                change_something(root, chance, 10 * number + each)
