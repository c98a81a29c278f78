"""What the fix benchmark measured: results, their tables, and the file they are kept in."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from corpus import Bug, load_bugs

Row = Sequence[str]


@dataclass(frozen=True, slots=True)
class Result:
    """How one solver did on one bug."""

    solver: str
    """``agent`` or ``bare``."""
    bug: str
    language: str
    kind: str
    difficulty: str
    split: str
    fixed: bool
    """By an independent run of the original tests, never by what the solver says."""
    claimed: bool
    """Whether the solver says that it fixed the bug."""
    seconds: float
    input_tokens: int
    output_tokens: int
    tries: int
    """Answers asked of the model."""
    status: str
    note: str = ""

    def line(self) -> str:
        """One line for progress."""
        verdict = "fixed" if self.fixed else "-----"
        cost = f"{self.seconds:>6.1f} s {self.input_tokens:>7,} in {self.output_tokens:>6,} out"
        told = f"{self.status} {self.note}".strip()
        return f"{verdict} {self.solver:<5} {self.bug:<30} {cost} {self.tries:>3} x  {told}"


def labels(bug: Bug) -> dict[str, str]:
    """The fields of a :class:`Result` that come from the bug alone."""
    return {
        "bug": bug.name,
        "language": bug.language,
        "kind": bug.kind,
        "difficulty": bug.difficulty,
        "split": bug.split,
    }


def select(split: str, pattern: str) -> tuple[Bug, ...]:
    """The bugs of ``split`` whose names match the glob ``pattern``; at least one, or the program ends."""
    bugs = tuple(bug for bug in load_bugs(split) if fnmatch.fnmatch(bug.name, pattern))
    if not bugs:
        raise SystemExit(f"No bug of the split {split} is called {pattern}.")
    return bugs


def save(results: Iterable[Result], path: Path) -> None:
    """Write ``results`` as JSON."""
    path.write_text(json.dumps([asdict(result) for result in results], indent=1) + "\n", encoding="utf-8")


def load(path: Path) -> list[Result]:
    """Read what :func:`save` wrote."""
    return [Result(**fields) for fields in json.loads(path.read_text(encoding="utf-8"))]


def print_tables(results: Sequence[Result], *, markdown: bool = False) -> None:
    """Print totals, the groups by split, language, kind and difficulty, and a row for each bug."""
    solvers = [name for name in ("agent", "bare") if any(result.solver == name for result in results)]
    print(_table(*_totals(results, solvers), markdown=markdown))
    groups: dict[str, Callable[[Result], str]] = {
        "split": lambda result: result.split,
        "language": lambda result: result.language,
        "kind": lambda result: result.kind,
        "difficulty": lambda result: result.difficulty,
    }
    for title, key in groups.items():
        print()
        print(_table(*_grouped(results, solvers, title, key), markdown=markdown))
    print()
    print(_table(*_by_bug(results, solvers), markdown=markdown))


def _totals(results: Sequence[Result], solvers: Sequence[str]) -> tuple[Row, list[Row]]:
    header = ("solver", "fixed", "of", "false claims", "s a bug", "s median", "tokens in", "tokens out")
    rows: list[Row] = []
    for solver in solvers:
        own = [result for result in results if result.solver == solver]
        seconds = [result.seconds for result in own]
        rows.append(
            (
                solver,
                str(sum(result.fixed for result in own)),
                str(len(own)),
                str(sum(result.claimed and not result.fixed for result in own)),
                f"{sum(seconds) / len(own):.1f}",
                f"{median(seconds):.1f}",
                f"{sum(result.input_tokens for result in own):,}",
                f"{sum(result.output_tokens for result in own):,}",
            )
        )
    return header, rows


def _grouped(
    results: Sequence[Result], solvers: Sequence[str], title: str, key: Callable[[Result], str]
) -> tuple[Row, list[Row]]:
    rows: list[Row] = []
    for group in sorted({key(result) for result in results}):
        cells = [group]
        for solver in solvers:
            own = [result for result in results if result.solver == solver and key(result) == group]
            cells += [f"{sum(result.fixed for result in own)}/{len(own)}", *_costs(own)]
        rows.append(cells)
    return (title, *_solver_columns(solvers)), rows


def _by_bug(results: Sequence[Result], solvers: Sequence[str]) -> tuple[Row, list[Row]]:
    found = {(result.bug, result.solver): result for result in results}
    rows: list[Row] = []
    for bug in sorted({result.bug for result in results}):
        cells = [bug, next(result.kind for result in results if result.bug == bug)]
        for solver in solvers:
            result = found.get((bug, solver))
            cells += ["", "", ""] if result is None else ["yes" if result.fixed else "no", *_costs([result])]
        rows.append(cells)
    return ("bug", "kind", *_solver_columns(solvers)), rows


def _solver_columns(solvers: Sequence[str]) -> list[str]:
    return [column for solver in solvers for column in (f"{solver} fixed", "s a bug", "tokens a bug")]


def _costs(results: Sequence[Result]) -> list[str]:
    """Mean seconds and mean tokens, input and output together."""
    if not results:
        return ["", ""]
    tokens = sum(result.input_tokens + result.output_tokens for result in results) / len(results)
    return [f"{sum(result.seconds for result in results) / len(results):.1f}", f"{tokens:,.0f}"]


def _table(header: Row, rows: Sequence[Row], *, markdown: bool) -> str:
    """Columns of one width, the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]

    def line(cells: Row) -> str:
        padded = [
            cell.ljust(width) if index == 0 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |" if markdown else "  ".join(padded).rstrip()

    rule = ["-" * width if index == 0 else "-" * (width - 1) + ":" for index, width in enumerate(widths)]
    between = [line(rule)] if markdown else ["  ".join("-" * width for width in widths)]
    return "\n".join([line(header), *between, *map(line, rows)])
