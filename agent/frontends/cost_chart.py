"""Sums of costs for people: rows with bars, a drawing (SVG), a page (HTML). Nothing is loaded by either."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from seedsmith.agent.frontends.line_wrapping import as_told, padded
from seedsmith.agent.frontends.terminal import cells
from seedsmith.agent.sessions.costs import CostSum

_HEADS = ("", "questions", "input", "cached", "output", "cost")
_LANGUAGE = 'lang="en"'
_ROW, _LEFT, _WIDTH, _BAR = 26, 260, 860, 440
_LONGEST = 38
"""Characters of a name in a drawing; the end of a longer one is shown."""
_STYLE = (
    "body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; "
    "color: #222; background: #fff; } table { border-collapse: collapse; } "
    "td, th { padding: .2rem .8rem; border-bottom: 1px solid #ddd; text-align: right; } "
    "td:first-child, th:first-child { text-align: left; overflow-wrap: anywhere; }"
)


def money(row: CostSum) -> str:
    """The cost of one row; ``~`` where a part of it is estimated, ``+`` where a part has no price."""
    if row.unpriced == row.questions:
        return as_told("no price known")
    return f"{'~' if row.estimated else ''}¥{row.cost_cny:.4f}{'+' if row.unpriced else ''}"


def total(rows: Sequence[CostSum]) -> CostSum:
    """All rows as one."""
    whole = CostSum("total")
    for row in rows:
        whole.questions += row.questions
        whole.input_tokens += row.input_tokens
        whole.cached_tokens += row.cached_tokens
        whole.output_tokens += row.output_tokens
        whole.cost_cny += row.cost_cny
        whole.unpriced += row.unpriced
        whole.estimated |= row.estimated
        whole.sessions |= row.sessions
    return whole


def table(rows: Sequence[CostSum], by: str, bars: int, block: str) -> list[str]:
    """Lines of text: a row each and their total; with ``bars``, so many columns for a bar of ``block``."""
    last = (as_told("total"), *_cells(total(rows))[1:])
    table = [tuple(map(as_told, (by, *_HEADS[1:]))), *map(_cells, rows), last]
    widths = [max(map(cells, column)) for column in zip(*table, strict=True)]
    longest = max((_size(row, rows) for row in rows), default=0.0)
    lines = []
    for index, row in enumerate(table):
        first, *others = (
            padded(text, width, right=place > 0)
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        size = _size(rows[index - 1], rows) if 0 < index <= len(rows) else 0.0
        bar = block * round(bars * size / longest) if longest and bars else ""
        lines.append("  ".join([first, *others, bar]).rstrip())
    return lines


def blocks(rows: Sequence[CostSum]) -> list[str]:
    """The same for a terminal that is narrower than the table: a row's name, and its figures below."""
    lines = []
    for row in (*rows, total(rows)):
        name, *figures, cost = _cells(row)
        named = (f"{as_told(head)} {figure}" for head, figure in zip(_HEADS[1:-1], figures, strict=True))
        lines += [as_told(name), f"    {', '.join((*named, cost))}"]
    return lines


def svg(rows: Sequence[CostSum], by: str) -> str:
    """A drawing: a bar for each row, by its cost, or by its tokens where no price is known."""
    longest = max((_size(row, rows) for row in rows), default=0.0) or 1.0
    height = (len(rows) + 1) * _ROW + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" '
        f'height="{height}" role="img" font-family="sans-serif" font-size="13">\n'
        f"<title>{_title(by)}</title>\n"
        f'<text x="0" y="18" font-weight="bold">{_title(by)}</text>\n'
    ]
    for index, row in enumerate(rows, 1):
        y = index * _ROW + 4
        name = row.key if len(row.key) <= _LONGEST else f"…{row.key[1 - _LONGEST :]}"
        said = (
            money(row) if any(_priced(rows)) else as_told(f"{row.input_tokens + row.output_tokens:,} tokens")
        )
        width = _BAR * _size(row, rows) / longest
        parts.append(
            f'<text x="0" y="{y + 15}">{_text(name)}</text>'
            f'<rect x="{_LEFT}" y="{y}" width="{width:.1f}" height="{_ROW - 6}" fill="#7c3aed">'
            f"<title>{_text(row.key)}</title></rect>"
            f'<text x="{_LEFT + width + 6:.1f}" y="{y + 15}">{_text(said)}</text>\n'
        )
    return "".join([*parts, "</svg>\n"])


def page(rows: Sequence[CostSum], by: str) -> str:
    """A page: the drawing, and the figures as a table."""
    head = "".join(f"<th>{as_told(name)}</th>" for name in (by, *_HEADS[1:]))
    last = (as_told("total"), *_cells(total(rows))[1:])
    body = "".join(
        "<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>\n"
        for row in (*map(_cells, rows), last)
    )
    return (
        f'<!DOCTYPE html>\n<html {as_told(_LANGUAGE)}>\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{_title(by)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"{svg(rows, by)}<table>\n<tr>{head}</tr>\n{body}</table>\n</body>\n</html>\n"
    )


def _title(by: str) -> str:
    return as_told(f"Cost by {by}")


def _cells(row: CostSum) -> tuple[str, ...]:
    counts = (row.questions, row.input_tokens, row.cached_tokens, row.output_tokens)
    return (row.key, *(f"{count:,}" for count in counts), money(row))


def _priced(rows: Sequence[CostSum]) -> list[bool]:
    return [row.cost_cny > 0 for row in rows]


def _size(row: CostSum, rows: Sequence[CostSum]) -> float:
    return row.cost_cny if any(_priced(rows)) else float(row.input_tokens + row.output_tokens)


def _text(text: str) -> str:
    """Text that a drawing may hold: XML has no control characters and no halves of a pair."""
    kept = "".join(each if each.isprintable() else "�" for each in text)
    return escape(kept)
