"""Where the fault may be: regions of the workspace's sources, the most suspicious first."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from agent.outcome import looks_like_a_test
from agent.repair.diagnosis import Diagnosis, FailedTest, Frame
from agent.repair.functions import Region, regions_in

SOURCE_SUFFIXES = frozenset(
    {".py", ".pyi", ".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx", ".c", ".h", ".cc", ".cpp", ".cxx", ".hpp"}
    | {".go", ".rs", ".java", ".kt", ".swift", ".cs", ".php", ".scala"}
)
_FILES = 400
_MENTION = 0.6
_IN_TRACEBACK = 0.3
_INNERMOST = 0.3
_OUTSIDE_FUNCTIONS = 0.45
_LONG = 80


@dataclass(frozen=True, slots=True)
class Suspect:
    """A region that may hold the fault."""

    region: Region
    score: float
    lines: Mapping[int, float] = field(default_factory=dict)
    """Suspicion of single lines by their number in the file; empty where it is not known."""


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
    diagnosis: Diagnosis, known: Iterable[str], read: Callable[[str], str | None]
) -> list[Suspect]:
    """Rank the regions of all source files that are no tests.

    What counts: lines that failing tests ran and passing ones did not, places in tracebacks, and names
    that the failing test mentions, directly or through the functions it calls. ``read`` gives a file's
    text, or None where it has none.
    """
    suspicion = diagnosis.suspicion()
    texts = _texts(diagnosis, suspicion, known, read)
    evidence = _Evidence([region for path, text in texts.items() for region in regions_in(path, text)])
    if suspicion:
        _by_lines(evidence, suspicion)
    _by_tracebacks(evidence, diagnosis.failed)
    _by_mention(evidence, diagnosis, read, weight=0.3 if suspicion else _MENTION)
    suspects = [
        Suspect(
            region,
            score * (1.0 if len(region.lines) <= _LONG else 0.8),
            {n: s for n, s in suspicion.get(region.path, {}).items() if region.holds(n)},
        )
        for region, score in evidence.scores.items()
        if score > 0
    ]
    return sorted(suspects, key=lambda suspect: (-suspect.score, suspect.region.path, suspect.region.numbers))


def _texts(
    diagnosis: Diagnosis,
    suspicion: Mapping[str, Mapping[int, float]],
    known: Iterable[str],
    read: Callable[[str], str | None],
) -> dict[str, str]:
    """The sources to look at: those that ran where that is known, else all of the failing language."""
    sources = [
        path
        for path in known
        if PurePosixPath(path).suffix in SOURCE_SUFFIXES and not looks_like_a_test(path)
    ]
    if suspicion:
        sources = [path for path in sources if path in suspicion]
    frames = [frame.path for test in diagnosis.failed for frame in test.frames]
    near = {str(PurePosixPath(path).parent) for path in frames}
    sources.sort(key=lambda path: (path not in frames, str(PurePosixPath(path).parent) not in near, path))
    texts = ((path, read(path)) for path in sources[:_FILES])
    return {path: text for path, text in texts if text is not None}


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
                evidence.add(region, _INNERMOST if last else _IN_TRACEBACK / 2)


def _by_mention(
    evidence: _Evidence, diagnosis: Diagnosis, read: Callable[[str], str | None], weight: float
) -> None:
    """Follow names from the failing test's own source to definitions, and on to what those call."""
    names: dict[str, list[Region]] = {}
    for region in evidence.regions:
        if region.is_function:
            names.setdefault(region.name.rpartition(".")[2].rpartition("::")[2], []).append(region)
    reached: set[Region] = set()
    texts = [
        text
        for test in diagnosis.failed[:3]
        for frame in test.frames[:3]
        if (text := failing_source(frame, read))
    ] or [test.message for test in diagnosis.failed[:3]]
    for depth in range(4):
        mentioned = {
            region
            for text in texts
            for word in set(re.findall(r"[A-Za-z_$][\w$]*", text))
            for region in names.get(word, ())
        } - reached
        if not depth and not mentioned and not diagnosis.watched:
            mentioned = {region for region in evidence.regions if region.is_function}
        for region in mentioned:
            evidence.add(region, weight / (1 + 0.35 * depth))
        reached |= mentioned
        texts = [region.source for region in mentioned]
    for region in evidence.regions:
        if not region.is_function and not diagnosis.watched:
            evidence.add(region, weight * _OUTSIDE_FUNCTIONS)


def failing_source(frame: Frame, read: Callable[[str], str | None]) -> str:
    """The failing test's own source, where ``frame`` lies in a test; the lines before it otherwise."""
    text = read(frame.path) if looks_like_a_test(frame.path) else None
    if text is None:
        return ""
    around = [
        region for region in regions_in(frame.path, text) if region.holds(frame.line) and region.is_function
    ]
    if around:
        return min(around, key=lambda region: len(region.lines)).source
    return "\n".join(text.split("\n")[max(0, frame.line - 6) : frame.line])
