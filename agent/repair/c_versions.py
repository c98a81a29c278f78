"""Tries many changes of C functions with one program: it holds every version of them and runs one.

A trial of its own compiles and links for each change. Here the body of a function becomes a choice between
itself and its changed versions, by a variable of the environment (``injected/c_version.c``), in a private
copy of the workspace. What passes so is tried again by itself.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path, PurePosixPath

from seedsmith.agent.repair.copies import PrivateCopy, can_copy
from seedsmith.agent.repair.diagnosis import among
from seedsmith.agent.repair.functions import body_spans
from seedsmith.agent.repair.trials import Candidate, Failing
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.errors import SandboxError
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.workspace.workspace import Workspace

_MOST_SECONDS, _PART, _LEAST_SECONDS = 10.0, 0.2, 1.0
"""For the versions of one search together: so long at most, and such a part of the time that is left."""
_MOST_LOOKED_AT, _MOST_VERSIONS = 2_000, 400
_MOST_TOGETHER, _MOST_CHARACTERS = 250, 300_000
"""Of the versions of one program: so it is compiled in a second or two."""
_FOLDER, _ASKED = "seedsmith-versions", "seedsmith-asked"
_RUNTIME = Path(__file__).parent / "injected" / "c_version.c"
_SUFFIXES = frozenset({".c", ".h"})
_COMPILE_SECONDS, _MOST_COMPILED = 20.0, 12
_LEAST_PATIENCE, _MOST_TIMES = 0.3, 4
_FURTHER = 40
"""So many more are run once one has passed."""
_ERROR = re.compile(r"^([^\s:]+):(\d+):\d+: (?:fatal )?error: (.*)", re.MULTILINE)
_UNDECLARED = re.compile(
    r"[‘'](\w+)['’] undeclared|undeclared identifier '(\w+)'|declar\w* (?:of )?function [‘'](\w+)['’]"
)
"""gcc tells of such a name once for each function, or once at all."""
_LABEL = re.compile(r"^\s*(?!default\b)([A-Za-z_]\w*)\s*:(?!:)", re.MULTILINE)
_COMPILE = 'export SEEDSMITH_ASKED="${TMPDIR:-/tmp}/seedsmith-asked"; eval "$SEEDSMITH_TESTS"'
_LOOP = """left=-1
while [ $left != 0 ] && read -r SEEDSMITH_VERSION; do
export SEEDSMITH_VERSION
timeout -s KILL "$SEEDSMITH_PATIENCE" "${BASH:-sh}" -c "$SEEDSMITH_TESTS" >/dev/null 2>&1 </dev/null
ended=$?
echo "$SEEDSMITH_VERSION $ended"
[ $ended = 0 ] && [ $left = -1 ] && left=$SEEDSMITH_FURTHER
left=$((left - (left > 0)))
done"""


Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Version:
    """A changed body of a function."""

    number: int
    path: str
    start: int
    end: int
    """Where in the file's text the body that it takes the place of lies, with its braces."""
    body: str


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What running the versions said."""

    decided: int = 0
    """So many of the first ones were run, or don't compile."""
    passing: tuple[int, ...] = ()
    """Which of them pass, by their place."""

    def as_measured(self, measured: Callable[[float], float]) -> Verdicts:
        """The same, each number as ``measured`` returns it: a replay's are the recorded ones."""
        decided, count = int(measured(self.decided)), int(measured(len(self.passing)))
        places = (*self.passing, *[0] * count)[:count]
        return Verdicts(decided, tuple(int(measured(place)) for place in places))


def has_versions(path: str) -> bool:
    """Whether changes of a file can be tried so."""
    return PurePosixPath(path).suffix in _SUFFIXES


def batch_of(
    candidates: Iterable[Candidate], key_of: Callable[[Candidate], Key | None]
) -> dict[Key, Candidate]:
    """The first of the changes that can be tried in one program, in their order, by what they mean.

    ``key_of`` is the same for changes that mean the same, None for those that are not to be tried.
    """
    found: dict[Key, Candidate] = {}
    for candidate in islice(candidates, _MOST_LOOKED_AT):
        if len(found) == _MOST_VERSIONS:
            break
        version = _version(0, candidate) if has_versions(candidate.path) else None
        key = key_of(candidate) if version is not None else None
        if key is not None:
            found.setdefault(key, candidate)
    return found


async def verdicts(
    failing: Failing, processes: ProcessRunner, candidates: Sequence[Candidate], seconds: float
) -> Verdicts:
    """Which of the ``candidates``, a batch of :func:`batch_of`, pass, in a part of ``seconds``.

    Nothing is decided where no compiled program asks for its version.
    """
    versions = [made for n, each in enumerate(candidates, 1) if (made := _version(n, each)) is not None]
    if not versions or failing.diagnosis.timed_out or not can_copy(processes):
        return Verdicts()
    texts = {each.path: each.old for each in candidates}
    end = time.monotonic() + min(_MOST_SECONDS, _PART * seconds)
    said = Verdicts()
    try:
        with PrivateCopy(processes.policy.private_tmp / _FOLDER, processes) as copy:
            for group in _groups(versions):
                left = end - time.monotonic()
                if said.passing or said.decided + 1 != group[0].number or left < _LEAST_SECONDS:
                    break
                said = await _of_group(failing, copy, texts, group, left)
    except (OSError, SandboxError):
        pass
    return said


def _groups(versions: Sequence[_Version]) -> Iterator[list[_Version]]:
    """The versions of one program each, in order."""
    group: list[_Version] = []
    for each in versions:
        if len(group) == _MOST_TOGETHER or sum(len(one.body) for one in group) > _MOST_CHARACTERS:
            yield group
            group = []
        group.append(each)
    yield group


async def _of_group(
    failing: Failing, copy: PrivateCopy, texts: Mapping[str, str], group: list[_Version], seconds: float
) -> Verdicts:
    compiled, unknown = await _compiled(failing.command, copy, texts, group)
    told = {
        "SEEDSMITH_TESTS": failing.command,
        "SEEDSMITH_PATIENCE": f"{_LEAST_PATIENCE + _MOST_TIMES * failing.diagnosis.seconds:.2f}",
        "SEEDSMITH_FURTHER": str(_FURTHER),
    }
    result = await copy.processes.run(
        _LOOP,
        timeout=seconds,
        head_bytes=1 << 16,
        env=told,
        stdin="".join(f"{each.number}\n" for each in compiled).encode(),
        spill=False,
    )
    ran = dict(_ended(result.head.decode("utf-8", "replace")))
    first, last = group[0].number - 1, group[-1].number
    if not ran:
        return Verdicts(first)
    left_open = [each.number - 1 for each in (*compiled, *unknown) if each.number not in ran]
    return Verdicts(
        min(left_open, default=last), tuple(sorted(number - 1 for number, passed in ran.items() if passed))
    )


def _version(number: int, candidate: Candidate) -> _Version | None:
    path, old, new = candidate.path, candidate.old, candidate.new
    for start, end in body_spans(path, old):
        after = len(old) - end
        if old[: start + 1] == new[: start + 1] and old[end - 1 :] == new[len(new) - after - 1 :]:
            body = new[start : len(new) - after]
            if len(body) > 1 and not re.search(r"^\s*#\s*define\b", body, re.MULTILINE):
                return _Version(number, path, start, end, body)
    return None


async def _compiled(
    command: str, copy: PrivateCopy, texts: Mapping[str, str], versions: Sequence[_Version]
) -> tuple[list[_Version], list[_Version]]:
    """Compile a program of all versions, those that don't compile left out.

    Returns those to run, and those that no program asks for.
    """
    asked = copy.processes.policy.private_tmp
    with Workspace(copy.root) as files:
        for _ in range(_MOST_COMPILED):
            places: dict[str, list[tuple[int, _Version | None]]] = {}
            for number, (path, text) in enumerate(sorted(texts.items())):
                new, places[path] = _written(text, [each for each in versions if each.path == path], number)
                files.write_bytes(path, new.encode())
            result = await copy.processes.run(
                _COMPILE,
                timeout=_COMPILE_SECONDS,
                head_bytes=100_000,
                tail_bytes=100_000,
                env={"SEEDSMITH_TESTS": command},
                spill=False,
            )
            output = (result.head + result.tail).decode("utf-8", "replace")
            wrong = set(_wrong(output, texts, places))
            if not wrong:
                seen = {path for n, path in enumerate(sorted(texts)) if _exists(asked / f"{_ASKED}{n}")}
                if result.ok:
                    break
                run = [each for each in versions if each.path in seen]
                return run, [each for each in versions if each.path not in seen]
            versions = [each for each in versions if each.number not in wrong]
    return [], []


def _written(
    text: str, versions: Sequence[_Version], number: int
) -> tuple[str, list[tuple[int, _Version | None]]]:
    """``text`` with ``versions`` as choices, and on which line each of them begins, or what stood before."""
    parts = [_RUNTIME.read_text(encoding="utf-8")]
    lines: list[tuple[int, _Version | None]] = []
    place = 0
    for start, end in sorted({(each.start, each.end) for each in versions}):
        parts.append(text[place:start] + "{ switch (" + f"seedsmith_version({number})" + ") {\n")
        line = sum(part.count("\n") for part in parts) + 1
        for each in versions:
            if each.start == start:
                inside = f"case {each.number}: {_with_labels(each.body)} break;\n"
                lines.append((line, each))
                line += inside.count("\n")
                parts.append(inside)
        lines.append((line, None))
        parts.append(f"default: {_with_labels(text[start:end])} }} }}")
        place = end
    return "".join((*parts, text[place:])), lines


def _with_labels(body: str) -> str:
    """A body whose labels are its own."""
    labels = sorted(set(_LABEL.findall(body)))
    return f"{{ __label__ {', '.join(labels)}; {body[1:]}" if labels else body


def _wrong(
    output: str, texts: Mapping[str, str], places: Mapping[str, list[tuple[int, _Version | None]]]
) -> Iterator[int]:
    """The versions that a compiler's output names, or that may hold a name it does not know."""
    for path, line, message in _ERROR.findall(output):
        known = among(path, frozenset(texts))
        if known is None:
            continue
        before = [each for start, each in places[known] if start <= int(line)]
        if not before or before[-1] is None:
            continue
        yield before[-1].number
        if match := _UNDECLARED.search(message):
            word = re.compile(rf"\b{next(filter(None, match.groups()))}\b")
            yield from (
                each.number
                for _, each in places[known]
                if each is not None
                and len(word.findall(each.body)) > len(word.findall(texts[known][each.start : each.end]))
            )


def _exists(path: Path) -> bool:
    return os.path.lexists(path)


def _ended(output: str) -> Iterator[tuple[int, bool]]:
    for line in output.splitlines():
        number, _, code = line.partition(" ")
        if number.isdecimal() and code:
            yield int(number), code == "0"
