"""A session as Markdown: for a terminal with its outputs cut short, for a file whole."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from typing import Any

from seedsmith.agent.frontends.line_wrapping import as_told
from seedsmith.agent.sessions.diffs import SessionDiff
from seedsmith.agent.sessions.history import (
    Call,
    Checked,
    Damaged,
    Ended,
    Entry,
    PutBack,
    Shortened,
    Told,
    Took,
    Turn,
    WentOn,
)
from seedsmith.agent.sessions.summary import SessionSummary

_LEFT = "What follows was said after that; sessions show --all shows what was taken back, too."
_HEADS = ("turn", "input", "cached", "output", "yuan")
_SPEAKERS = {"user": "You", "verify": "The check", "summary": "Notes on what came before"}


def markdown(
    summary: SessionSummary, history: Iterable[Entry], diff: SessionDiff | None, longest: int | None = None
) -> Iterator[str]:
    """The lines of a page on a session; outputs and messages have at most ``longest`` lines each."""
    yield from (f"# {as_told(f'Session {summary.id}')}", "")
    yield from (f"- {as_told(line)}" for line in facts(summary))
    turns: list[Turn] = []
    for entry in history:
        yield ""
        if isinstance(entry, Turn):
            turns.append(Turn(entry.number, "", "", (), entry.took))
        yield from _entry(entry, longest)
    if any(turn.took for turn in turns):
        yield from ("", f"## {as_told('Cost by turn')}", "")
        yield from (f"| {' | '.join(map(as_told, _HEADS))} |", "|---:|---:|---:|---:|---:|")
        yield from (f"| {turn.number} | {_row(turn.took)} |" for turn in turns if turn.took)
    if diff is not None and diff.patch:
        yield from ("", f"## {as_told('Changes')}", "", *([as_told(diff.note), ""] if diff.note else []))
        yield from fenced(diff.text, "diff", None)


def facts(summary: SessionSummary) -> Iterator[str]:
    """What there is to say of a session at first, a line each."""
    yield f"folder: {summary.workspace}"
    yield f"model: {summary.model}"
    yield f"began: {moment(summary.started)}"
    yield f"ended: {summary.outcome.replace('_', ' ')}" + (", taken back since" if summary.undone else "")
    yield f"took: {', '.join(taken(summary))}"
    if summary.forked_from:
        yield f"forked from: {summary.forked_from}"


def taken(summary: SessionSummary) -> Iterator[str]:
    """Turns, tokens and money, as far as they are known."""
    turns = summary.turns
    yield "turns not known" if turns is None else f"{turns:,} turn{'' if turns == 1 else 's'}"
    if summary.tokens is not None:
        yield f"{summary.tokens:,} tokens"
    yield yuan(summary.cost_cny, estimated=summary.cost_estimated)


def yuan(cost: float | None, *, estimated: bool) -> str:
    """An amount of money in words."""
    return "no price known" if cost is None else f"{'about ' if estimated else ''}¥{cost:.4f}"


def moment(seconds: float) -> str:
    """A time of this machine's clock."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def title(entry: Entry) -> str:
    """What stands over an entry."""
    match entry:
        case Told(origin=origin):
            return _SPEAKERS.get(origin, f"Told ({origin})")
        case Turn(number=number, took=took):
            return f"Turn {number}" + (f" ({_words(took)})" if took else "")
        case Checked(command=command, exit_code=code):
            return f"Check: {command}: {'did not finish' if code is None else f'exit code {code}'}"
        case Shortened(why=why):
            return f"The history was shortened: {why}"
        case WentOn(time=at):
            return f"Gone on with, {moment(at)}"
        case Ended(status=status, time=at):
            return f"Ended: {status.replace('_', ' ')}, {moment(at)}"
        case PutBack(kind=kind, turn=turn, time=at):
            what = "Undone" if kind == "undo" else "Undo taken back"
            return f"{what}: the files as they were after turn {turn}, {moment(at)}"
        case Damaged(line=line):
            return f"Line {line} of the records is damaged: what it held is lost"


def call_line(call: Call) -> str:
    """A call in one line: what was asked, and how it went."""
    how = "not run to its end" if call.result is None else "ok" if call.ok else "failed"
    took = f", {call.duration_ms:,.0f} ms" if call.result is not None else ""
    return f"{call.name} {call.arguments} ({how}{took})"


def body(entry: Entry) -> str:
    """The text of an entry, calls aside."""
    match entry:
        case Told(text=text, images=images):
            return text + "".join(f"\n(picture: {name})" for name in images)
        case Turn(text=text):
            return text
        case WentOn(settings=settings):
            return "\n".join(f"told anew: {name} = {value}" for name, value in settings.items())
        case Ended(message=message):
            return message
        case PutBack(kind="undo", moved=True):
            return _LEFT
        case _:
            return ""


def fenced(text: str, kind: str, longest: int | None) -> Iterator[str]:
    """``text`` as a block of code that nothing in it can end."""
    lines = list(_cut(text, longest))
    runs = (run for line in lines if "```" in line for run in re.findall("`+", line))
    mark = "`" * max(3, 1 + max(map(len, runs), default=0))
    yield mark + kind
    yield from lines
    yield mark


def _entry(entry: Entry, longest: int | None) -> Iterator[str]:
    heading = as_told(" ".join(title(entry).split()))
    yield from (f"## {heading}", "")
    said = body(entry) if isinstance(entry, Told | Turn) else as_told(body(entry))
    yield from _cut(said, longest)
    if isinstance(entry, Checked):
        yield from fenced(entry.output, "", longest)
    if isinstance(entry, Turn):
        if entry.reasoning and longest is None:
            yield from ("", f"<details><summary>{as_told('thinking')}</summary>", "")
            yield from fenced(entry.reasoning, "", longest)
            yield from ("", "</details>")
        for call in entry.calls:
            yield from ("", f"- {_shortened(as_told(call_line(call)), longest)}", "")
            yield from fenced(call.result or "", "", longest)


def _cut(text: str, longest: int | None) -> Iterator[str]:
    """What is shown of a text; of a long one the rest is counted, not taken apart."""
    text = text.rstrip("\n")
    lines = text.split("\n", -1 if longest is None else longest) if text and not text.isspace() else []
    yield from lines[:longest]
    if longest is not None and len(lines) > longest:
        yield f"({as_told(f'and {lines[longest].count(chr(10)) + 1:,} more lines')})"


def _shortened(line: str, longest: int | None) -> str:
    line = " ".join(line.split())
    return line if longest is None or len(line) <= 200 else f"{line[:200]}…"


def _words(took: Took) -> str:
    return f"{took.input_tokens:,} in, {took.output_tokens:,} out, " + yuan(
        took.cost_cny, estimated=took.cost_estimated
    )


def _row(took: Took | None) -> str:
    known: Any = took or Took()
    cost = "" if known.cost_cny is None else f"{known.cost_cny:.4f}"
    return f"{known.input_tokens:,} | {known.cached_tokens:,} | {known.output_tokens:,} | {cost}"
