"""The completion benchmark: lines and blocks cut out of the standard library and of this repository.

    python benchmarks/complete.py [--model local/qwen2.5-coder-1.5b] [--holes N] [--kinds line,rest,block]
        [--minutes M] [--seed S]

Each hole is filled by completion as an editor gets it (``completion``) and by the same model asked naively,
in a chat message with ``<CURSOR>`` in the file (``naive``); every fifth by completion once more with one more
character typed, for what the next key takes (``warm``). Five holes lie in one place of a file. An answer is
exact where it is what was cut out, whatever its spaces and the comment behind it; a naive answer is freed of
its code fence first. Beside the seconds that passed stand those that this program and the model's server had
a processor for: what passes on a machine with nothing else to do.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import io
import json
import os
import random
import re
import statistics
import sysconfig
import time
import tokenize
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from itertools import islice
from pathlib import Path
from typing import Any, cast

from seedsmith.agent.conversation import UserMessage
from seedsmith.agent.frontends.completion.completer import Completer
from seedsmith.agent.frontends.completion.hole import Hole
from seedsmith.agent.frontends.completion.hourly_budget import HourBudget
from seedsmith.agent.frontends.completion.window import window
from seedsmith.agent.models.base import Model, Part, Request, TextDelta
from seedsmith.agent.models.open import open_model
from seedsmith.agent.settings.settings import Settings

HERE = Path(__file__).resolve().parents[1]
LIBRARY = Path(sysconfig.get_paths()["stdlib"])
MODULES = (  # of the standard library
    *("textwrap", "shlex", "configparser", "csv", "heapq", "bisect", "fnmatch", "glob", "gettext", "getopt"),
    *(
        "statistics",
        "fractions",
        "calendar",
        "netrc",
        "sched",
        "tempfile",
        "zipapp",
        "difflib",
        "cmd",
        "string",
    ),
    *("string", "argparse", "pprint", "queue", "random", "secrets", "shutil", "socketserver", "timeit"),
)
NAIVE = """Complete the code at <CURSOR>. Answer with the missing code only.

```python
{before}<CURSOR>{after}
```"""
TOKENS = {"line": 64, "rest": 64, "block": 240}
"""Of a naive answer, as many as completion asks for."""
MOST_AROUND = 60
"""Characters of fences and words around a naive answer; one that is longer is not read to its end."""
SOLVERS = ("completion", "warm", "naive")
NEAR, IN_A_GROUP = 24, 5
"""Holes of one place lie in so many lines, as somebody works there: what was read for one serves the next."""
_COMMENT = re.compile(r"  #[^\n]*")
_FENCE = re.compile(r"```[^\n]*\n(.*?)\n?```", re.S)


@dataclass(frozen=True)
class Case:
    kind: str
    hole: Hole
    root: Path
    expected: str


@dataclass(frozen=True)
class Took:
    """Seconds; until the first token None where the model said nothing."""

    first: float | None
    whole: float
    first_processor: float | None


@dataclass(frozen=True)
class Filled:
    solver: str
    kind: str
    exact: bool
    similarity: float
    took: Took
    expected: str
    text: str


class Clocked:
    """A model, and what its latest answer took until the first token."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.begin()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def begin(self) -> None:
        """What is asked next is measured from now on."""
        self._began, self._began_processor = time.monotonic(), processor_seconds()
        self._first: tuple[float, float] | None = None

    def took(self) -> Took:
        """What was measured since :meth:`begin`."""
        first, processor = self._first or (None, None)
        return Took(first, time.monotonic() - self._began, processor)

    async def stream(self, request: Request) -> AsyncGenerator[Part, None]:
        """The model's answer."""
        async with aclosing(self._model.stream(request)) as parts:
            async for part in parts:
                if self._first is None and isinstance(part, TextDelta):
                    spent = processor_seconds() - self._began_processor
                    self._first = (time.monotonic() - self._began, spent)
                yield part


def processor_seconds() -> float:
    """What this process and its children, the model's server among them, had of a processor."""
    spent = time.process_time()
    for thread in Path("/proc/self/task").iterdir():
        for child in (thread / "children").read_text().split():
            fields = Path("/proc", child, "stat").read_text().rpartition(")")[2].split()
            spent += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return spent


def groups(seed: int, kinds: Sequence[str]) -> Iterator[list[Case]]:
    """Without end, in an order that ``seed`` fixes: holes of one place of a file, from above to below."""
    choose = random.Random(seed)
    own = [path for floor in ("agent", "tools", "sandbox") for path in sorted((HERE / floor).rglob("*.py"))]
    library = [LIBRARY / f"{name}.py" for name in MODULES]
    places = ([(LIBRARY, each) for each in library], [(HERE, each) for each in own])
    made = 0
    while True:
        root, path = choose.choice(places[made % 2])
        text = path.read_text(encoding="utf-8")
        if text.count("\n") < NEAR + 30:
            continue
        start = choose.randrange(15, text.count("\n") - NEAR - 5)
        found: list[Case] = []
        for number in sorted(choose.sample(range(start, start + NEAR), NEAR)):
            kind = kinds[len(found) % len(kinds)]
            hole = cut(kind, text, number, choose)
            if hole is not None and choose.random() < 0.5 and len(found) < IN_A_GROUP:
                offset, stop = hole
                shown = Hole(str(path.relative_to(root)), text[:offset] + text[stop:], offset)
                found.append(Case(kind, shown, root, text[offset:stop]))
        if len(found) == IN_A_GROUP:
            yield found
            made += 1


def cut(kind: str, text: str, number: int, choose: random.Random) -> tuple[int, int] | None:
    """The beginning and the end of the hole in line ``number``, from 0; None where that is none to cut."""
    lines = text.splitlines(keepends=True)
    line = lines[number]
    said = line.strip()
    at = sum(map(len, lines[:number]))
    indent = _indent(line)
    if (
        len(said) < 12
        or said[0] in "#\"'"
        or said.startswith(("import", "from"))
        or number + 1 in prose(text)
    ):
        return None
    if kind == "block":
        end = number + 1
        while end < len(lines) and lines[end].strip() and _indent(lines[end]) > indent:
            end += 1
        if not said.endswith(":") or not 3 <= end - number <= 7:
            return None
        return at + len(line) + _indent(lines[number + 1]), sum(map(len, lines[:end])) - 1
    begin = at + indent + (0 if kind == "line" else choose.randrange(3, max(4, len(said) * 2 // 3)))
    return begin, at + len(line) - 1


@functools.cache
def prose(text: str) -> frozenset[int]:
    """The lines inside of strings of several lines, which are no code to complete."""
    return frozenset(
        line
        for each in tokenize.generate_tokens(io.StringIO(text).readline)
        if each.type == tokenize.STRING and each.start[0] < each.end[0]
        for line in range(each.start[0], each.end[0] + 1)
    )


def same(text: str, expected: str) -> bool:
    """Whether both are the same code, whatever their spaces and the comments behind them."""
    first, second = (" ".join(_COMMENT.sub("", each).split()) for each in (text, expected))
    return first == second


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def reader(root: Path) -> Callable[[str], str | None]:
    """Reads files below ``root``, as of a workspace."""

    def read(path: str) -> str | None:
        try:
            return (root / path).read_text(encoding="utf-8")
        except (OSError, ValueError):
            return None

    return read


async def by_asking(model: Model, case: Case) -> str:
    shown = window(case.hole, 1_400, 160)
    text = NAIVE.format(before=shown.before, after=shown.after)
    request = Request((UserMessage(text),), max_output_tokens=TOKENS[case.kind], sampling={"temperature": 0})
    answer = ""
    async with aclosing(model.stream(request)) as parts:
        async for part in parts:
            if isinstance(part, TextDelta):
                answer += part.text
                if len(answer) > 2 * len(case.expected) + MOST_AROUND:
                    break  # it is none, and cutting it makes it no less alike
    fenced = _FENCE.search(answer)
    return (fenced[1] if fenced else answer).strip()


async def judged(solver: str, case: Case, clocked: Clocked, completer: Completer) -> Filled:
    """One hole filled in one way."""
    hole, expected = case.hole, case.expected
    if solver == "warm":
        hole = Hole(hole.path, hole.prefix + expected[0] + hole.suffix, hole.offset + 1)
        expected = expected[1:]
    clocked.begin()
    if solver == "naive":
        text = await by_asking(cast(Model, clocked), case)
    else:
        found = await completer.complete(hole)
        text = found.text if found else ""
    took = clocked.took()
    similarity = SequenceMatcher(None, expected.strip(), text.strip(), autojunk=False).ratio()
    return Filled(solver, case.kind, same(text, expected), similarity, took, expected, text)


async def run(options: argparse.Namespace) -> list[Filled]:
    model = open_model(Settings(model=options.model), os.environ)
    deadline = time.monotonic() + options.minutes * 60
    results: list[Filled] = []
    try:
        async with aclosing(model.stream(Request((UserMessage("Hello"),), max_output_tokens=1))) as parts:
            async for _ in parts:  # loads the model
                pass
        clocked = Clocked(model)
        for group in islice(groups(options.seed, options.kinds.split(",")), options.holes // IN_A_GROUP):
            if time.monotonic() > deadline:
                break
            fresh = []
            for solver, chosen in (("completion", group), ("warm", group[-1:]), ("naive", group)):
                completer = Completer(cast(Model, clocked), reader(group[0].root), HourBudget(None))
                fresh += [await judged(solver, case, clocked, completer) for case in chosen]
            results += fresh
            print("\n".join(json.dumps(asdict(each)) for each in fresh), flush=True)
    finally:
        await model.aclose()
    return results


def show(results: list[Filled]) -> None:
    """Print the tables, as Markdown."""
    print(
        "\n| solver | kind | holes | exact | edit similarity | first token p50 / p95 s "
        "| of a processor p50 / p95 s | whole p50 / p95 s |"
    )
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for solver in SOLVERS:
        for kinds in (("line",), ("rest",), ("block",), ("line", "rest")):
            chosen = [each for each in results if each.solver == solver and each.kind in kinds]
            if not chosen:
                continue
            took = [each.took for each in chosen]
            print(
                f"| {solver} | {' + '.join(kinds)} | {len(chosen)} | {sum(each.exact for each in chosen)} "
                f"| {statistics.mean(each.similarity for each in chosen):.2f} "
                f"| {quantiles([each.first for each in took])} "
                f"| {quantiles([each.first_processor for each in took])} "
                f"| {quantiles([each.whole for each in took])} |"
            )
    print(f"\nThe machine's load, of 1, 5 and 15 minutes: {os.getloadavg()}")


def quantiles(values: list[float | None]) -> str:
    ordered = sorted(each for each in values if each is not None)
    if not ordered:
        return "-"
    return (
        f"{statistics.median(ordered):.2f} / {ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]:.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="local/qwen2.5-coder-1.5b")
    parser.add_argument("--holes", type=int, default=60)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--kinds", default="line,rest,block")
    parser.add_argument("--seed", type=int, default=1)
    show(asyncio.run(run(parser.parse_args())))


if __name__ == "__main__":
    main()
