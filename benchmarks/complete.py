"""The completion benchmark: lines and blocks cut out of the standard library and of this repository.

    python benchmarks/complete.py [--model local/qwen2.5-coder-1.5b] [--holes N] [--kinds line,rest,block]
        [--minutes M] [--seed S]

Each hole is filled three times: by completion as an editor gets it (``completion``); by the same model
asked naively, in a chat message with ``<CURSOR>`` in the file (``naive``); and by completion once more with
one more character typed, for what the next key takes (``warm``). An answer is exact where it is what was cut
out; a naive answer is freed of its code fence first.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import statistics
import sysconfig
import time
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from pathlib import Path

from seedsmith.agent.conversation import UserMessage
from seedsmith.agent.frontends.completion.completer import Completer
from seedsmith.agent.frontends.completion.hole import Hole
from seedsmith.agent.frontends.completion.hourly_budget import HourBudget
from seedsmith.agent.frontends.completion.window import window
from seedsmith.agent.models.base import Model, Request, TextDelta
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
_FENCE = re.compile(r"```[^\n]*\n(.*?)\n?```", re.S)


@dataclass(frozen=True)
class Case:
    kind: str
    hole: Hole
    root: Path
    expected: str


@dataclass(frozen=True)
class Filled:
    solver: str
    kind: str
    exact: bool
    similarity: float
    first: float | None
    seconds: float


def cases(seed: int, kinds: Sequence[str]) -> Iterator[Case]:
    """Without end, in an order that ``seed`` fixes: whole lines, ends of lines, blocks."""
    choose = random.Random(seed)
    own = [path for floor in ("agent", "tools", "sandbox") for path in sorted((HERE / floor).rglob("*.py"))]
    library = [LIBRARY / f"{name}.py" for name in MODULES]
    places = ([(LIBRARY, each) for each in library], [(HERE, each) for each in own])
    made = 0
    while True:
        root, path = choose.choice(places[made // len(kinds) % 2])
        kind = kinds[made % len(kinds)]
        found = cut(kind, path.read_text(encoding="utf-8"), choose)
        if found is not None:
            text, offset, expected = found
            yield Case(
                kinds[made % len(kinds)], Hole(str(path.relative_to(root)), text, offset), root, expected
            )
            made += 1


def cut(kind: str, text: str, choose: random.Random) -> tuple[str, int, str] | None:
    """The text with a hole, its place and what stood there; None where the chosen line is none to cut."""
    lines = text.splitlines(keepends=True)
    if len(lines) < 40:
        return None
    number = choose.randrange(15, len(lines) - 5)
    line = lines[number]
    said = line.strip()
    at = sum(map(len, lines[:number]))
    indent = len(line) - len(line.lstrip())
    if len(said) < 12 or said[0] in "#\"'" or said.startswith(("import", "from")):
        return None
    if kind == "block":
        end = number + 1
        while end < len(lines) and lines[end].strip() and _indent(lines[end]) > indent:
            end += 1
        if not said.endswith(":") or not 3 <= end - number <= 7:
            return None
        inner = _indent(lines[number + 1])
        begin = at + len(line) + inner
        stop = sum(map(len, lines[:end])) - 1
        return text[:begin] + text[stop:], begin, text[begin:stop]
    begin = at + indent + (0 if kind == "line" else choose.randrange(3, max(4, len(said) * 2 // 3)))
    stop = at + len(line) - 1
    return text[:begin] + text[stop:], begin, text[begin:stop]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


async def by_completion(model: Model, case: Case, hole: Hole) -> tuple[str, float | None, float]:
    def read(path: str) -> str | None:
        try:
            return (case.root / path).read_text(encoding="utf-8")
        except (OSError, ValueError):
            return None

    began = time.monotonic()
    found = await Completer(model, read, HourBudget(None)).complete(hole)
    return (found.text, found.first_seconds, found.seconds) if found else ("", None, time.monotonic() - began)


async def by_asking(model: Model, case: Case) -> tuple[str, float | None, float]:
    shown = window(case.hole, 1_400, 160)
    text = NAIVE.format(before=shown.before, after=shown.after)
    request = Request((UserMessage(text),), max_output_tokens=TOKENS[case.kind], sampling={"temperature": 0})
    began, first, answer = time.monotonic(), None, ""
    async with aclosing(model.stream(request)) as parts:
        async for part in parts:
            if isinstance(part, TextDelta):
                first = first or time.monotonic() - began
                answer += part.text
    fenced = _FENCE.search(answer)
    return (fenced[1] if fenced else answer).strip(), first, time.monotonic() - began


def judged(solver: str, case: Case, expected: str, filled: tuple[str, float | None, float]) -> Filled:
    text, first, seconds = filled
    similarity = SequenceMatcher(None, expected.strip(), text.strip(), autojunk=False).ratio()
    return Filled(solver, case.kind, text.strip() == expected.strip(), similarity, first, seconds)


async def run(options: argparse.Namespace) -> list[Filled]:
    model = open_model(Settings(model=options.model), os.environ)
    deadline = time.monotonic() + options.minutes * 60
    results: list[Filled] = []
    try:
        async with aclosing(model.stream(Request((UserMessage("Hello"),), max_output_tokens=1))) as parts:
            async for _ in parts:  # loads the model
                pass
        for number, case in enumerate(cases(options.seed, options.kinds.split(",")), 1):
            if number > options.holes or time.monotonic() > deadline:
                break
            hole = case.hole
            fresh = [judged("completion", case, case.expected, await by_completion(model, case, hole))]
            typed = Hole(hole.path, hole.prefix + case.expected[0] + hole.suffix, hole.offset + 1)
            warm = await by_completion(model, case, typed)
            fresh.append(judged("warm", case, case.expected[1:], warm))
            fresh.append(judged("naive", case, case.expected, await by_asking(model, case)))
            results += fresh
            print(json.dumps([asdict(each) for each in fresh]), flush=True)
    finally:
        await model.aclose()
    return results


def show(results: list[Filled]) -> None:
    """Print the tables, as Markdown."""
    print(
        "\n| solver | kind | holes | exact | edit similarity | first token p50 / p95 s | whole p50 / p95 s |"
    )
    print("| ------ | ---- | ----: | ----: | --------------: | ----------------------: | ----------------: |")
    for solver in ("completion", "warm", "naive"):
        for kinds in (("line",), ("rest",), ("block",), ("line", "rest")):
            chosen = [each for each in results if each.solver == solver and each.kind in kinds]
            if not chosen:
                continue
            firsts = [each.first for each in chosen if each.first is not None]
            print(
                f"| {solver} | {' + '.join(kinds)} | {len(chosen)} | {sum(each.exact for each in chosen)} "
                f"| {statistics.mean(each.similarity for each in chosen):.2f} | {quantiles(firsts)} "
                f"| {quantiles([each.seconds for each in chosen])} |"
            )


def quantiles(values: list[float]) -> str:
    if not values:
        return "-"
    ordered = sorted(values)
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
