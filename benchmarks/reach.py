"""Is the right change within what the search tries without a model, given the right function?

    python benchmarks/reach.py [--only GLOB] [--quixbugs FOLDER]

For every bug: how many changes are tried in the wrong function, and at which of them the program means what
it should to the letter (other right changes are not counted, as no test is run here). ``--quixbugs`` takes a
checkout of that repository instead of this benchmark's own bugs; nothing was chosen on them.
"""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from corpus import load_bugs

from seedsmith.agent.repair.answers import change_of, meaning
from seedsmith.agent.repair.functions import Region, regions_in
from seedsmith.agent.repair.questions import worth_asking
from seedsmith.agent.repair.suspects import Suspect
from seedsmith.agent.repair.variations import variations_of

_END = re.compile(r'\n\s*"""(?:[^"]|"(?!""))*"""\s*\Z')
"""A description behind a program, which only the wrong ones have."""


@dataclass(frozen=True, slots=True)
class Case:
    """A wrong file and the same file as it should be."""

    name: str
    path: str
    wrong: str
    right: str


def own_cases() -> Iterator[Case]:
    """The bugs of ``bugs/``."""
    for bug in load_bugs():
        yield Case(bug.name, bug.file, bug.wrong_text, bug.right_text)


def quixbugs_cases(folder: Path) -> Iterator[Case]:
    """The Python programs of a checkout of QuixBugs that its correct versions differ from."""
    for wrong in sorted((folder / "python_programs").glob("*.py")):
        right = folder / "correct_python_programs" / wrong.name
        if right.is_file() and not wrong.stem.endswith("_test"):
            texts = (_END.sub("", each.read_text().strip()) for each in (wrong, right))
            case = Case(wrong.stem, f"{wrong.stem}.py", *texts)
            if meaning(case.path, case.wrong) != meaning(case.path, case.right):
                yield case


def reach(case: Case) -> tuple[int | None, int]:
    """Which change is the right one, from 1 on (None: none is), and how many there are."""
    suspect = _wrong_region(case)
    wanted = change_of(case.path, case.wrong, case.right)
    tried: set[str] = set()
    found = None
    for text in _changes(suspect, case.wrong):
        key = change_of(case.path, case.wrong, text)
        if key is None or key in tried:
            continue
        tried.add(key)
        if key == wanted:
            found = len(tried)
    return found, len(tried)


def _changes(suspect: Suspect, text: str) -> Iterator[str]:
    lines = text.split("\n")
    numbers = worth_asking(suspect)
    found = [each for number in numbers for each in variations_of(suspect.region, lines, number)]
    for variation in sorted(found, key=lambda each: -each.chance):
        yield variation.of(lines)


def _wrong_region(case: Case) -> Suspect:
    wrong, right = case.wrong.split("\n"), case.right.split("\n")
    matcher = difflib.SequenceMatcher(None, wrong, right, autojunk=False)
    kind, first, *_ = next(op for op in matcher.get_opcodes() if op[0] != "equal")
    first += kind != "insert" or not first  # what is missing stands behind the line before it
    regions = regions_in(case.path, case.wrong)
    around = [region for region in regions if region.holds(first)] or regions
    return Suspect(min(around, key=lambda region: _span(region)), 1.0)


def _span(region: Region) -> int:
    return region.numbers[-1] - region.numbers[0] if region.is_function else sys.maxsize


def main(words: Sequence[str] | None = None) -> None:
    """Print a line for each bug, and how many are within reach."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default="*", help="names of the bugs, as a shell's pattern")
    parser.add_argument("--quixbugs", type=Path, help="a checkout of QuixBugs, instead of our own bugs")
    options = parser.parse_args(words)
    cases = quixbugs_cases(options.quixbugs) if options.quixbugs else own_cases()
    results = {}
    for case in (case for case in cases if fnmatch(case.name, options.only)):
        found, tried = results[case.name] = reach(case)
        print(f"{case.name:36} {found or '-':>5} of {tried:,}", flush=True)
    reached = [found for found, _ in results.values() if found]
    average = sum(tried for _, tried in results.values()) / max(1, len(results))
    print(f"{len(reached)} of {len(results)} within reach; {average:,.0f} changes a bug")


if __name__ == "__main__":
    main()
