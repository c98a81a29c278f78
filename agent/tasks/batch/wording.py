"""How a batch and its items are spoken of, in lines, tables and pages."""

from __future__ import annotations

from typing import Any

from seedsmith.agent.tasks.batch.batch import Summary
from seedsmith.agent.tasks.batch.item import patch_of
from seedsmith.agent.tasks.batch.store import Row

CAUSES = {
    "repository": "The repository can't be used",
    "uncommitted": "Changes are not committed",
    "setup": "The setup failed",
    "step": "A step failed",
    "model": "The model gave up",
    "verify": "The verification fails",
    "deliver": "The work can't be delivered",
    "budget": "The item's budget ended",
    "tries": "It was begun too often",
    "internal": "Something unforeseen went wrong",
}
_MOST_MESSAGE = 300
MARKS = {"verified": "✓", "done": "✓", "unchanged": "=", "skipped": "–", "failed": "✗"}


def one_line(summary: Summary) -> str:
    """What a batch came to, as one sentence."""
    counts, progress = summary.progress.counts, summary.progress
    said = [f"{counts[state]} {state}" for state in (*MARKS, "ready") if counts.get(state)]
    cost = f", {progress.cost:.4f} yuan" if progress.cost else ""
    paused = f" Paused: {summary.paused}" if summary.paused else ""
    return f"{summary.tasks.name}: {', '.join(said) or 'nothing to do'}{cost}.{paused}"


def row_line(row: Row) -> str:
    """What became of one item, as one line."""
    result = row.result
    changed = f" +{result['added']} −{result['removed']}" if result.get("files") else ""
    delivered = f" → {', '.join(result['delivered'])}" if result.get("delivered") else ""
    cost = f" {row.cost:.4f} yuan" if row.cost else ""
    why = f" {_first_line(result['message'])}" if row.state in ("failed", "skipped") else ""
    if row.state == "unchanged":
        steps = (step for step in result.get("steps", ()) if step["message"])
        why = "".join(f"; {step['title']}: {_first_line(step['message'])}" for step in steps)
    seconds = f" {result['seconds']:.1f} s" if result.get("seconds") else ""
    return f"{MARKS[row.state]} {row.item.name}: {row.state}{changed}{delivered}{seconds}{cost}{why}"


def _first_line(message: str) -> str:
    """The beginning of what may have many lines: the report has all of them."""
    first, _, more = message.partition("\n")
    return f"{first[:_MOST_MESSAGE]} …" if more or len(first) > _MOST_MESSAGE else first


def row_json(row: Row) -> dict[str, Any]:
    """One item as the JSON report and ``--json`` have it."""
    return {
        "item": row.item.name,
        "source": str(row.item.source),
        "state": row.state,
        "tries": row.tries,
        "cost_cny": row.cost,
        **{key: each for key, each in row.result.items() if key != "state"},
    }


def patch_text(summary: Summary, row: Row, most: int) -> str:
    """The beginning of an item's patch; '' where it has none."""
    try:
        with patch_of(summary.folder, row.item).open("rb") as file:
            text = file.read(most + 1).decode("utf-8", "backslashreplace")
    except OSError:
        return ""
    return f"{text[:most]}\n…" if len(text) > most else text
