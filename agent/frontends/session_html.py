"""A session as one HTML page that loads nothing: what was said, run and proven, the changes, two charts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from seedsmith.agent.frontends.line_wrapping import as_told
from seedsmith.agent.frontends.session_markdown import body, call_line, facts, title
from seedsmith.agent.sessions.diffs import SessionDiff, files_of
from seedsmith.agent.sessions.history import Checked, Entry, Told, Turn
from seedsmith.agent.sessions.summary import SessionSummary

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: #222; background: #fff; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f6f8fa; padding: .6rem;
  font-size: .85rem; }
section { border-left: 4px solid #ddd; padding: 0 1rem; margin: 1rem 0; }
section.user { border-color: #2563eb; } section.turn { border-color: #7c3aed; }
section.passed { border-color: #16a34a; } section.failed { border-color: #dc2626; }
h2 { font-size: 1rem; } summary { cursor: pointer; } summary.bad { color: #b91c1c; }
.diff { white-space: pre; overflow-x: auto; } .diff span.l { display: block; }
.l.add { background: #dafbe1; } .l.del { background: #ffebe9; } .l.hunk { color: #57606a; }
figure { margin: .6rem 0; } figure img { max-width: 100%; border: 1px solid #ddd; }
figcaption { color: #57606a; font-size: .85rem; }
svg { width: 100%; height: 12rem; } svg rect { fill: #7c3aed; }
svg text { font: 12px sans-serif; fill: #57606a; }
"""
LANGUAGE = 'lang="en"'
"""What a page says of its language."""
_WIDTH, _HEIGHT, _BASE, _LEFT = 720, 180, 150, 70
_LONGEST_HIGHLIGHTED = 400_000
"""Characters of one file's part of a diff; longer ones are shown plain."""


def page(summary: SessionSummary, history: Iterable[Entry], diff: SessionDiff | None) -> Iterator[str]:
    """The parts of the page, in order; the history is read as they are taken."""
    highlighter = _Highlighter()
    yield _head(summary, highlighter.style)
    costs: list[tuple[int, float]] = []
    contexts: list[tuple[int, float]] = []
    for entry in history:
        if isinstance(entry, Turn) and entry.took is not None:
            contexts.append((entry.number, float(entry.took.context_tokens)))
            if entry.took.cost_cny is not None:
                costs.append((entry.number, entry.took.cost_cny))
        yield from _section(entry)
    yield from chart(as_told("Cost by turn, in yuan"), costs, "{:.4f}")
    yield from chart(as_told("Context by turn, in tokens"), contexts, "{:,.0f}")
    if diff is not None and diff.patch:
        yield f"<h1>{as_told('Changes')}</h1>\n<p>{escape(as_told(diff.note))}</p>\n"
        for path, lines in files_of(diff.text):
            yield from highlighter.changes(path, lines)
    yield "</body>\n</html>\n"


def chart(name: str, values: list[tuple[int, float]], form: str) -> Iterator[str]:
    """A bar for each turn; nothing where no value is known or all are nothing."""
    top = max((value for _, value in values), default=0.0)
    if top <= 0:
        return
    step = (_WIDTH - _LEFT) / len(values)
    yield f'<h1>{escape(name)}</h1>\n<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">\n'
    yield f'<text x="0" y="12">{form.format(top)}</text><text x="0" y="{_BASE}">0</text>\n'
    for place, (turn, value) in enumerate(values):
        height = value / top * (_BASE - 10)
        said = as_told(f"turn {turn}: {form.format(value)}")
        yield (
            f'<rect x="{_LEFT + place * step:.2f}" y="{_BASE - height:.2f}" width="{step * 0.8:.2f}" '
            f'height="{height:.2f}"><title>{said}</title></rect>\n'
        )
    first, last = (as_told(f"turn {turn}") for turn in (values[0][0], values[-1][0]))
    yield f'<text x="{_LEFT}" y="{_HEIGHT - 10}">{first}</text>'
    yield f'<text x="{_WIDTH}" y="{_HEIGHT - 10}" text-anchor="end">{last}</text>\n</svg>\n'


def _head(summary: SessionSummary, style: str) -> str:
    named = escape(summary.asked.partition("\n")[0][:120] or summary.id)
    listed = "".join(f"<li>{escape(as_told(line))}</li>" for line in facts(summary))
    return (
        f'<!DOCTYPE html>\n<html {as_told(LANGUAGE)}>\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{named}</title>\n<style>{_STYLE}{style}</style>\n</head>\n<body>\n"
        f"<h1>{escape(as_told(f'Session {summary.id}'))}</h1>\n<ul>{listed}</ul>\n"
    )


def _section(entry: Entry) -> Iterator[str]:
    yield f'<section class="{_kind(entry)}">\n<h2>{escape(as_told(title(entry)))}</h2>\n'
    said = body(entry)
    if text := said if isinstance(entry, Told | Turn) else as_told(said):
        yield f"<pre>{escape(text)}</pre>\n"
    if isinstance(entry, Told):
        for name, picture in zip(entry.images, entry.pictures, strict=False):
            if picture:
                yield f'<figure><img src="{picture}" alt="{escape(name)}">'
                yield f"<figcaption>{escape(name)}</figcaption></figure>\n"
    if isinstance(entry, Checked):
        yield _folded(as_told("output"), entry.output)
    if isinstance(entry, Turn):
        if entry.reasoning:
            yield _folded(as_told("thinking"), entry.reasoning)
        for call in entry.calls:
            yield _folded(as_told(call_line(call)), call.result or "", bad=not call.ok)
    yield "</section>\n"


def _kind(entry: Entry) -> str:
    match entry:
        case Told(origin="user"):
            return "user"
        case Turn():
            return "turn"
        case Checked(exit_code=code):
            return "passed" if code == 0 else "failed"
        case _:
            return "other"


def _folded(name: str, text: str, *, bad: bool = False) -> str:
    mark = ' class="bad"' if bad else ""
    return f"<details><summary{mark}>{escape(name)}</summary><pre>{escape(text)}</pre></details>\n"


class _Highlighter:
    """Code in the colours of its language; what no language is known for is shown plain."""

    def __init__(self) -> None:
        from pygments.formatters import HtmlFormatter

        self._formatter = HtmlFormatter(nowrap=True)
        self.style = str(self._formatter.get_style_defs(".diff"))  # type: ignore[no-untyped-call]

    def changes(self, path: str, lines: list[str]) -> Iterator[str]:
        """One file's part of a diff."""
        start = next((at for at, line in enumerate(lines) if line.startswith("@@")), len(lines))
        yield f'<h2>{escape(path)}</h2>\n<pre class="diff">'
        yield from (f'<span class="l hunk">{escape(line)}</span>' for line in lines[:start] if line)
        code = [line for line in lines[start:] if line]
        old = iter(self._coloured(path, [line[1:] for line in code if line[0] in " -"]))
        new = iter(self._coloured(path, [line[1:] for line in code if line[0] in " +"]))
        for line in code:
            match line[0]:
                case "+":
                    yield f'<span class="l add">+{next(new)}</span>'
                case "-":
                    yield f'<span class="l del">-{next(old)}</span>'
                case " ":
                    next(old)
                    yield f'<span class="l"> {next(new)}</span>'
                case _:
                    yield f'<span class="l hunk">{escape(line)}</span>'
        yield "</pre>\n"

    def _coloured(self, path: str, code: list[str]) -> list[str]:
        """Each line of ``code`` as HTML."""
        from pygments import highlight
        from pygments.lexers import get_lexer_for_filename
        from pygments.util import ClassNotFound

        text = "\n".join(code)
        if len(text) > _LONGEST_HIGHLIGHTED:
            return [escape(line) for line in code]
        try:
            lexer = get_lexer_for_filename(path, stripnl=False, ensurenl=False)
        except ClassNotFound:
            return [escape(line) for line in code]
        lines = highlight(text, lexer, self._formatter).split("\n")
        return lines[: len(code)] if len(lines) >= len(code) else [escape(line) for line in code]
