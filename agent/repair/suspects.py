"""Ranks the regions of the workspace's sources by how likely they contain the fault."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import field
from pathlib import PurePosixPath

from seedsmith.agent.repair.diagnosis import Diagnosis, FailedTest
from seedsmith.agent.repair.experiments import Evidence
from seedsmith.agent.repair.functions import Region, regions_in
from seedsmith.agent.repair.inline_tests import failed_names, is_named_test, parted
from seedsmith.agent.sessions.outcome import looks_like_a_test
from seedsmith.sandbox.lazy_dataclass import dataclass

SOURCE_SUFFIXES = frozenset(
    {".py", ".pyi", ".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx", ".mts", ".cts"}
    | {".c", ".h", ".cc", ".cpp", ".cxx", ".hpp"}
    | {".go", ".rs", ".java", ".kt", ".swift", ".cs", ".php", ".scala"}
)
_NAMING = frozenset({".go", ".rs"})
"""Languages whose runners name the functions that failed."""
_MOST_FILES = 400
"""So many sources are read; those of the failing tests' frames and their folders come first."""

# The weights below are added to, or multiply, Ochiai's measure, which goes from 0 (only passing tests ran it)
# to 1 (all failing tests ran it and no passing one). They were set by hand; the tests hold the orders that
# must come of them.
_PER_CALL = 0.9
"""For each call between a test and a function: tests name what they test, and use more than that."""
_MOST_CALLS = 6
"""So many calls deep the names are followed; beyond that everything reaches everything."""
_UNREACHED = 0.05
"""For a function no failing test names: it may be reached by a table or a string, so it comes last."""
_IN_TRACEBACK = 0.1
"""For standing in a traceback: enough to decide between functions that ran alike, no more."""
_INNERMOST = 0.3
"""The same for a traceback's innermost function: the fault showed there, and may have come from elsewhere."""
_OUTSIDE_FUNCTIONS = 0.6
"""For lines outside functions: every test runs them on import, so having run says little."""
_POINTED_AT = 0.45
"""What experiments say of a line from which on it is a suspect of its own."""
_MOST_POINTED_AT = 12
"""So many lines are: what cures everywhere says little."""
_RAN_SO = 0.2
"""What such a line's own measure counts beside it."""
_LONG_LINES = 80
"""A function of more lines counts as long."""
_LONG = 0.8
"""For a long function: a small model must write all of it anew, and seldom can."""
_NEW = 0.3
"""What the newest line of a file counts more than the oldest; a function counts as its newest line."""
_PER_LINE = 0.03
"""For each line of a function that is not long: more lines, more places for a fault."""
_MOST_COUNTED_LINES = 20
"""So many lines count, or length alone would outweigh what ran."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A region that may hold the fault."""

    region: Region
    score: float
    lines: Mapping[int, float] = field(default_factory=dict)
    """The scores of single lines by their number in the file; empty if they are unknown."""
    single: bool = False
    """Whether it is only about these lines; the rest of the region is another suspect."""


@dataclass(slots=True)
class _Evidence:
    regions: list[Region]
    scores: dict[Region, float] = field(default_factory=dict)

    def add(self, region: Region, score: float) -> None:
        self.scores[region] = self.scores.get(region, 0.0) + score

    def innermost(self, path: str, line: int) -> Region | None:
        """The smallest function that holds a line."""
        around = [region for region in self.regions if region.path == path and region.holds(line)]
        return min(around, key=lambda region: len(region.numbers), default=None)


def find_suspects(
    diagnosis: Diagnosis,
    known: Iterable[str],
    read: Callable[[str], str | None],
    found: Evidence | None = None,
    recent: Evidence | None = None,
) -> list[Suspect]:
    """Rank the regions of all source files that are not tests.

    A region scores by lines that failing tests ran and passing ones did not, by locations in tracebacks, and
    by names that the failing test mentions, directly or through the functions it calls. ``read`` returns a
    file's text, or None if it has none. ``found`` is what experiments on single lines say, 0 to 1: lines that
    it points at are suspects of their own, before all others. ``recent`` says how new lines are, 0 to 1.
    """
    new = _Newness(recent or {})
    known = tuple(known)
    suspicion = diagnosis.suspicion()
    texts = _texts(diagnosis, {*suspicion, *found} if suspicion and found else suspicion, known, read)
    evidence = _Evidence([region for path, text in texts.items() for region in regions_in(path, text)])
    if suspicion:
        _by_lines(evidence, suspicion)
    else:
        _by_reach(evidence, diagnosis, _test_texts(diagnosis, known, read))
    _by_tracebacks(evidence, diagnosis.failed)
    _by_definition(evidence)
    single = _single_lines(evidence, suspicion, found or {})
    suspects = [
        Suspect(
            region, score * _weight(region) * new.of_region(region), _measures(region, suspicion, single, new)
        )
        for region, score in evidence.scores.items()
        if score > 0
    ]
    suspects.sort(key=lambda suspect: (-suspect.score, suspect.region.path, suspect.region.numbers))
    return [*single, *suspects]


def _single_lines(
    evidence: _Evidence,
    suspicion: Evidence,
    found: Evidence,
) -> list[Suspect]:
    """The lines that experiments point at, those of one region together, the likeliest first."""
    lines = sorted(
        (
            (measure + suspicion.get(path, {}).get(line, 0.0) * _RAN_SO, region, line)
            for path, measures in found.items()
            for line, measure in measures.items()
            if measure >= _POINTED_AT and (region := evidence.innermost(path, line))
        ),
        key=lambda each: (-each[0], each[1].path, each[2]),
    )
    regions: dict[Region, dict[int, float]] = {}
    for measure, region, line in lines[:_MOST_POINTED_AT]:
        regions.setdefault(region, {})[line] = measure
    return [
        Suspect(region, max(measures.values()), measures, single=True) for region, measures in regions.items()
    ]


class _Newness:
    """What lines and regions count more for being new."""

    def __init__(self, recent: Evidence) -> None:
        self._recent = recent

    def of_line(self, path: str, line: int) -> float:
        return 1.0 + _NEW * self._recent.get(path, {}).get(line, 0.0)

    def of_region(self, region: Region) -> float:
        return max((self.of_line(region.path, line) for line in region.numbers), default=1.0)


def _measures(
    region: Region, suspicion: Evidence, single: Iterable[Suspect], new: _Newness
) -> dict[int, float]:
    """Ochiai's measure for the lines of a region that are no suspects of their own, more for new ones."""
    taken = {line for suspect in single if suspect.region == region for line in suspect.lines}
    return {
        line: measure * new.of_line(region.path, line)
        for line, measure in suspicion.get(region.path, {}).items()
        if region.holds(line) and line not in taken
    }


def _texts(
    diagnosis: Diagnosis,
    ran: Collection[str],
    known: Iterable[str],
    read: Callable[[str], str | None],
) -> dict[str, str]:
    """The sources to rank: those that ran, if that is known, or else all sources."""
    sources = [
        path
        for path in known
        if PurePosixPath(path).suffix in SOURCE_SUFFIXES and not looks_like_a_test(path)
    ]
    if ran:
        sources = [path for path in sources if path in ran]
    frames = [frame.path for test in diagnosis.failed for frame in test.frames]
    near = {str(PurePosixPath(path).parent) for path in frames}
    sources.sort(key=lambda path: (path not in frames, str(PurePosixPath(path).parent) not in near, path))
    texts = ((path, read(path)) for path in sources[:_MOST_FILES])
    return {path: parted(path, text)[0] for path, text in texts if text is not None}


def _test_texts(
    diagnosis: Diagnosis, known: Iterable[str], read: Callable[[str], str | None]
) -> dict[str, str]:
    """The tests of the files that the failure shows or whose failed tests it names, by path."""
    shown = [frame.path for test in diagnosis.failed for frame in test.frames]
    if failed_names(diagnosis.output):
        shown += [path for path in sorted(known) if PurePosixPath(path).suffix in _NAMING][:_MOST_FILES]
    found: dict[str, str] = {}
    for path in dict.fromkeys(shown):
        text = read(path) or ""
        tests = text if looks_like_a_test(path) else parted(path, text)[1]
        if tests.strip():
            found[path] = tests
    return found


def _by_lines(evidence: _Evidence, suspicion: Mapping[str, Mapping[int, float]]) -> None:
    best: dict[Region, float] = {}
    for path, lines in suspicion.items():
        for line, score in lines.items():
            region = evidence.innermost(path, line)
            if region is not None:
                best[region] = max(best.get(region, 0.0), score)
    for region, score in best.items():
        evidence.add(region, score if region.is_function else score * _OUTSIDE_FUNCTIONS)


def _by_tracebacks(evidence: _Evidence, failed: Iterable[FailedTest]) -> None:
    seen: set[tuple[Region, bool]] = set()
    for test in failed:
        places = [evidence.innermost(frame.path, frame.line) for frame in test.frames]
        regions = [region for region in places if region is not None]
        for index, region in enumerate(regions):
            last = index == len(regions) - 1
            if (region, last) not in seen:
                seen.add((region, last))
                evidence.add(region, _INNERMOST if last else _IN_TRACEBACK)


def _by_reach(evidence: _Evidence, diagnosis: Diagnosis, tests: Mapping[str, str]) -> None:
    """Where no run could be watched: which functions only failing tests reach, by the names in the source.

    The same measure as for lines, over whole functions: a test is a function in a text of ``tests``, failing
    where a failure's place lies in it or the output names it so; what it mentions and what that mentions
    counts as run, the nearer the more.
    """
    failed = failed_names(diagnosis.output)
    names: dict[str, list[Region]] = {}
    for region in evidence.regions:
        if region.is_function:
            names.setdefault(_simple(region.name), []).append(region)
    failing: list[dict[Region, int]] = []
    passing: list[dict[Region, int]] = []
    for path, text in tests.items():
        marks = [f.line for t in diagnosis.failed for f in t.frames if f.path == path]
        for source, fails in _tests_in(path, text, marks, failed):
            (failing if fails else passing).append(_reached(source, names))
    if not any(failing):
        texts = "\n".join(test.message for test in diagnosis.failed)
        failing = [_reached(texts, names) or {r: 1 for r in evidence.regions if r.is_function}]
    for region in evidence.regions:
        if region.is_function:
            evidence.add(region, _UNREACHED)
    for region in {region for reached in failing for region in reached}:
        bad = [reached[region] for reached in failing if region in reached]
        good = sum(region in reached for reached in passing)
        ochiai = len(bad) / (len(failing) * (len(bad) + good)) ** 0.5
        evidence.add(region, ochiai * _PER_CALL ** min(bad))


def _tests_in(path: str, text: str, marks: list[int], failed: Collection[str]) -> Iterator[tuple[str, bool]]:
    """The tests of a file that ran, and whether each fails: those named so in ``failed``, or at a mark.

    Where none are named, those that come no later than the last failure ran.
    """
    regions = [region for region in regions_in(path, text) if region.is_function]
    if failed:
        tests = [region for region in regions if is_named_test(text, region)]
        yield from ((region.source, region.name in failed) for region in tests)
        return
    if not any(region.holds(mark) for region in regions for mark in marks):
        lines = text.split("\n")
        blocks = [*_blocks(lines)]
        regions = [Region(path, "test", tuple(range(a, b)), tuple(lines[a - 1 : b - 1])) for a, b in blocks]
    for region in regions:
        if region.numbers[0] <= max(marks, default=0):
            yield region.source, any(region.holds(mark) for mark in marks)


def _blocks(lines: list[str]) -> Iterator[tuple[int, int]]:
    """Runs of lines that start without indentation, as line numbers from and to."""
    starts = [n for n, line in enumerate(lines, 1) if re.match(r"[A-Za-z_]", line)]
    yield from zip(starts, [*starts[1:], len(lines) + 1], strict=True)


def _reached(source: str, names: Mapping[str, list[Region]]) -> dict[Region, int]:
    """The functions a text mentions, directly (0) or through what it mentions (1, 2, 3)."""
    reached: dict[Region, int] = {}
    texts = [source]
    for depth in range(_MOST_CALLS):
        words = {word for text in texts for word in re.findall(r"[A-Za-z_$][\w$]*", text)}
        new = {r for word in words for r in names.get(word, ()) if r not in reached}
        reached.update(dict.fromkeys(new, depth))
        texts = [region.source for region in new]
    return reached


def _by_definition(evidence: _Evidence) -> None:
    """Lines outside functions are as suspect as the functions that use what they define, nearly."""
    for outside in [region for region in evidence.regions if not region.is_function]:
        defined = set(re.findall(r"[A-Za-z_$][\w$]*", outside.source))
        users = [
            score
            for region, score in evidence.scores.items()
            if region.is_function and defined.intersection(re.findall(r"[A-Za-z_$][\w$]*", region.source))
        ]
        if users:
            evidence.scores[outside] = max(users) * _OUTSIDE_FUNCTIONS


def _weight(region: Region) -> float:
    """A longer function has more room for a fault; a very long one is harder to mend."""
    lines = len(region.lines)
    return _LONG if lines > _LONG_LINES else 1.0 + _PER_LINE * min(lines, _MOST_COUNTED_LINES)


def _simple(name: str) -> str:
    return name.rpartition(".")[2].rpartition("::")[2]
