"""The HTML report: one file that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from seedsmith.agent.tasks.batch.batch import Summary
from seedsmith.agent.tasks.batch.store import FINISHED, Row
from seedsmith.agent.tasks.batch.wording import CAUSES, HEADS, Told, handed_over, one_line, patch_text

_MOST_PATCH = 60_000
_MOST_BARS = 40
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; } td, th { padding: .3rem .6rem; text-align: left; }
tr { border-bottom: 1px solid #8884; } pre { overflow-x: auto; background: #8881; padding: .7rem; }
.verified, .done { color: #176f2c; } .failed { color: #b3261e; } .skipped, .unchanged, .ready { color: #777; }
rect { fill: #5b7fb5; } rect.verified, rect.done { fill: #3c9a52; } rect.failed { fill: #b3261e; }
rect.skipped, rect.unchanged, rect.ready { fill: #8888; }
.add { color: #176f2c; } .del { color: #b3261e; }
"""


def page(summary: Summary, told: Told = str) -> Iterator[str]:
    """The page, piece by piece."""
    name, language = escape(summary.tasks.name), told('lang="en"')
    yield f'<!doctype html>\n<html {language}><head><meta charset="utf-8"><title>{name}</title>'
    yield f"<style>{_STYLE}</style></head>\n<body><h1>{name}</h1>\n<p>{escape(one_line(summary, told))}</p>\n"
    yield from _outcomes(summary, told)
    yield from _table(summary, told)
    seconds = [(row.item.name, row.result.get("seconds", 0.0)) for row in summary.rows()]
    yield from _bars(told("Seconds"), seconds)
    yield from _bars(told("Yuan"), [(row.item.name, row.cost) for row in summary.rows()])
    yield from _failures(summary, told)
    yield f"<h2>{told('What was done')}</h2>\n"
    for row in summary.rows():
        yield from _details(summary, row, told)
    yield "</body></html>\n"


def _outcomes(summary: Summary, told: Told) -> Iterator[str]:
    """One bar of all items by what became of them."""
    counts, total, x = summary.progress.counts, summary.progress.total, 0.0
    said = told(", ").join(told(f"{count} {state}") for state, count in counts.items())
    yield '<svg width="100%" height="14" viewBox="0 0 900 14" preserveAspectRatio="none" role="img" '
    yield f'aria-label="{said}">'
    for state in (*FINISHED, "working", "ready"):
        width = 900 * counts.get(state, 0) / max(1, total)
        if width:
            yield f'<rect class="{state}" x="{x:.1f}" width="{width:.1f}" height="14"><title>'
            yield f"{told(f'{counts[state]} {state}')}</title></rect>"
        x += width
    yield "</svg>\n"


def _table(summary: Summary, told: Told) -> Iterator[str]:
    yield f"<table><tr>{''.join(f'<th>{told(head)}' for head in HEADS)}</tr>\n"
    for row in summary.rows():
        result = row.result
        changed = f"+{result['added']} −{result['removed']}" if result.get("files") else ""
        cells = (
            f'<a href="#{row.item.id}">{escape(row.item.name)}</a>',
            f'<span class="{row.state}">{told(row.state)}</span>',
            changed,
            escape(handed_over(row, told)),
            f"{result.get('seconds', 0.0):.1f}",
            f"{row.cost:.4f}" if row.cost else "",
        )
        yield "<tr>" + "".join(f"<td>{cell}" for cell in cells) + "</tr>\n"
    yield "</table>\n"


def _bars(title: str, values: list[tuple[str, float]]) -> Iterator[str]:
    """The largest values as bars; nothing where all are nothing."""
    largest = sorted(values, key=lambda each: -each[1])[:_MOST_BARS]
    if not largest or largest[0][1] <= 0:
        return
    most = largest[0][1]
    height = 22 * len(largest)
    yield f'<h2>{title}</h2>\n<svg width="100%" viewBox="0 0 900 {height}" role="img" aria-label="{title}">\n'
    for number, (name, value) in enumerate(largest):
        y, width = 22 * number, 560 * value / most
        yield f'<text x="0" y="{y + 14}" font-size="13">{escape(name[:32])}</text>'
        yield f'<rect x="260" y="{y + 3}" width="{width:.1f}" height="14"/>'
        yield f'<text x="{266 + width:.1f}" y="{y + 14}" font-size="12">{value:.4g}</text>\n'
    yield "</svg>\n"


def _failures(summary: Summary, told: Told) -> Iterator[str]:
    for cause, said in CAUSES.items():
        failed = [row for row in summary.rows() if row.result.get("cause") == cause]
        if failed:
            yield f"<h2>{escape(told(said.format(len(failed))))}</h2>\n<ul>\n"
            for row in failed:
                message = escape(told(str(row.result.get("message", ""))))
                yield f"<li><b>{escape(row.item.name)}</b>{told(': ')}{message}</li>\n"
            yield "</ul>\n"


def _details(summary: Summary, row: Row, told: Told) -> Iterator[str]:
    result = row.result
    yield f"<details><summary><b>{escape(row.item.name)}</b> "
    yield f'<span class="{row.state}">{told(row.state)}</span></summary>\n'
    # a link to what is within the details opens them
    yield f'<p id="{row.item.id}">{escape(str(row.item.source))}<br>'
    yield f"{escape(told(str(result.get('message', ''))))}</p>\n<ul>\n"
    for step in result.get("steps", ()):
        line = f"{step['title']}{told(': ')}{told(step['state'])} {told(step['message'])}"
        seconds = told(f"{step['seconds']:.1f} s")
        yield f"<li>{escape(line)}{told(' (')}{seconds}{told(')')}</li>\n"
    for each in result.get("attempts", ()):
        mark = "chosen" if each["chosen"] else "not chosen"
        said = told(f"attempt {each['number']}, {mark}: {each['reason']}")
        yield f"<li>{escape(said)}</li>\n"
    yield "</ul>\n"
    yield from _proof(result.get("verification"), told)
    patch = patch_text(summary, row, _MOST_PATCH)
    if patch:
        yield f"<pre>{''.join(_lines(patch))}</pre>\n"
    yield "</details>\n"


def _proof(verification: Any, told: Told) -> Iterator[str]:
    """What the verify command showed, where there was one."""
    if not verification:
        return
    before, after = map(_ending, (verification["before"], verification["after"]))
    ended = told(f"{before} before, {after} now")
    yield f"<p><code>{escape(verification['command'])}</code>{told(': ')}{ended}</p>\n"
    if verification["output"]:
        yield f"<pre>{escape(verification['output'])}</pre>\n"


def _ending(code: int | None) -> str:
    return "not run to its end" if code is None else f"exit code {code}"


def _lines(patch: str) -> Iterator[str]:
    """The patch with what is added and removed in colours; the names of files above a hunk are neither."""
    in_hunk = False
    for line in patch.splitlines(keepends=True):
        in_hunk = line[:2] == "@@" or (in_hunk and line[:11] != "diff --git ")
        kind = {"+": "add", "-": "del"}.get(line[:1]) if in_hunk else None
        yield f'<span class="{kind}">{escape(line)}</span>' if kind else escape(line)
