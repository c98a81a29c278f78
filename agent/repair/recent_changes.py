"""Tells which lines were changed last: fixes change new lines more often than old ones.

docs/local-model.md, "What was tried", has the figures.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from contextlib import suppress

from seedsmith.agent.repair.diagnosis import Diagnosis
from seedsmith.agent.repair.experiments import Evidence
from seedsmith.agent.sessions.outcome import looks_like_a_test
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.errors import GitError, SandboxError
from seedsmith.sandbox.git.git import Git

_MOST_FILES = 6
_BLAME = ("blame", "--no-textconv", "--incremental", "--")
_SECONDS = 3.0
"""For one file."""
_GROUP = re.compile(rb"^([0-9a-f]{40,64}) \d+ (\d+) (\d+)$|^committer-time (-?\d+)$", re.MULTILINE)


async def recent_changes(processes: ProcessRunner, diagnosis: Diagnosis) -> Evidence:
    """How new each line is among those of its file, 0 for the oldest towards 1, in the most suspicious files.

    What was never committed is the newest. Nothing is said of a file that one commit holds whole, that none
    holds, or whose history takes long to read.
    """
    suspicion = diagnosis.suspicion()
    paths = sorted(path for path in diagnosis.paths if not looks_like_a_test(path))
    paths.sort(key=lambda path: -max(suspicion.get(path, {}).values(), default=0.0))
    found = {}
    with suppress(SandboxError):
        git = await Git.open(processes)
        for path in paths[:_MOST_FILES]:
            with suppress(GitError):
                listing = await git.output((*_BLAME, path), seconds=_SECONDS)
                found[path] = newness(_times(listing))
    return {path: lines for path, lines in found.items() if lines}


def newness(times: Mapping[int, int]) -> dict[int, float]:
    """The share of lines that are older than each, equal ones counted half; nothing where all are equal."""
    ranked = sorted(times.values())
    if not ranked or ranked[0] == ranked[-1]:
        return {}
    older_and_half = {
        time: (bisect_left(ranked, time) + bisect_right(ranked, time)) / 2 for time in set(ranked)
    }
    return {line: older_and_half[time] / len(ranked) for line, time in times.items()}


def _times(listing: bytes) -> dict[int, int]:
    """When each line was committed, in seconds since 1970, by its number."""
    times: dict[int, int] = {}
    of_commit: dict[bytes, int] = {}
    groups: list[tuple[bytes, int, int]] = []
    for commit, line, lines, time in _GROUP.findall(listing):
        if commit:
            groups.append((commit, int(line), int(lines)))
        else:
            of_commit[groups[-1][0]] = int(time)
    for commit, line, lines in groups:
        times |= dict.fromkeys(range(line, line + lines), of_commit[commit])
    return times
