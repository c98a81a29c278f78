"""The report of a batch: Markdown, JSON and JUnit XML; ``report_page`` has the HTML."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from seedsmith.agent.errors import UsageError
from seedsmith.agent.tasks.batch.batch import GOOD, Summary
from seedsmith.agent.tasks.batch.report_page import page
from seedsmith.agent.tasks.batch.store import Row
from seedsmith.agent.tasks.batch.wording import CAUSES, HEADS, MARKS, Told, handed_over, one_line, row_json
from seedsmith.agent.tasks.junit import Case, junit_xml


def write_report(summary: Summary, path: Path, told: Told = str) -> None:
    """Write the report in the form that the file's ending says; raises :class:`UsageError`.

    ``told`` puts what people read into their language; what programs read stays English.
    """
    try:
        content = "".join(_writer(path)(summary, told)).encode("utf-8", "backslashreplace")
        path.write_bytes(content)
    except OSError as error:
        raise UsageError(f"The report {path} can't be written: {error.strerror}.") from None


def check_report(path: Path) -> None:
    """Raise :class:`UsageError` where no report has such an ending."""
    _writer(path)


def _writer(path: Path) -> Callable[[Summary, Told], Iterator[str]]:
    writers = {".md": markdown, ".html": page, ".json": as_json, ".xml": junit}
    if path.suffix not in writers:
        raise UsageError(f"{path} ends in none of {', '.join(writers)}: no report is called so.")
    return writers[path.suffix]


def as_json(summary: Summary, _: Told = str) -> Iterator[str]:
    """One object: the batch, then every item."""
    head = {
        "name": summary.tasks.name,
        "exit_code": summary.exit_code,
        "counts": dict(summary.progress.counts),
        "cost_cny": summary.progress.cost,
        "paused": summary.paused,
    }
    yield json.dumps(head, ensure_ascii=False)[:-1] + ', "items": ['
    for number, row in enumerate(summary.rows()):
        yield ("," if number else "") + "\n" + json.dumps(row_json(row), ensure_ascii=False)
    yield "\n]}\n"


def junit(summary: Summary, _: Told = str) -> Iterator[str]:
    """Each item as one test."""
    cases = [
        Case(
            summary.tasks.name,
            row.item.name,
            row.result.get("seconds", 0.0),
            row.result.get("message", "") if row.state == "failed" else "",
            _why_skipped(row),
        )
        for row in summary.rows()
    ]
    yield junit_xml(cases).decode()


def _why_skipped(row: Row) -> str:
    if row.state == "skipped":
        return str(row.result.get("message", ""))
    return "" if row.state in GOOD or row.state == "failed" else "It was not begun, or not to its end."


def markdown(summary: Summary, told: Told = str) -> Iterator[str]:
    """A page for people and pull requests."""
    yield f"# {_plain(summary.tasks.name)}\n\n{_plain(one_line(summary, told))}\n\n"
    yield f"| | {' | '.join(map(told, HEADS))} |\n|---|---|---|---|---|---|---|\n"
    causes: Counter[str] = Counter()
    for row in summary.rows():
        result = row.result
        causes[result.get("cause", "")] += 1
        cells = (
            MARKS.get(row.state, "…"),
            row.item.name,
            told(row.state),
            f"+{result['added']} −{result['removed']}" if result.get("files") else "",
            handed_over(row, told),
            f"{result.get('seconds', 0.0):.1f}",
            f"{row.cost:.4f}" if row.cost else "",
        )
        yield "| " + " | ".join(map(_plain, cells)) + " |\n"
    for cause, said in CAUSES.items():
        if not causes[cause]:
            continue
        yield f"\n## {told(said.format(causes[cause]))}\n\n"
        for row in summary.rows():
            if row.result.get("cause") == cause:
                why = told(row.result.get("message", ""))
                yield f"- **{_plain(row.item.name)}**{told(': ')}{_plain(why)}\n"


def _plain(text: str) -> str:
    """Text as it is within a line of a table: what others wrote makes no marks of its own."""
    flat = " ".join(text.split())
    for mark in "\\`*_[]<>|#":
        flat = flat.replace(mark, f"\\{mark}")
    return flat
