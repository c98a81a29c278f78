"""How a batch and its items are spoken of, in lines, tables and pages: in English, or as ``told`` puts it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seedsmith.agent.tasks.batch.batch import Summary
from seedsmith.agent.tasks.batch.item import patch_of
from seedsmith.agent.tasks.batch.store import Row

Told = Callable[[str], str]
"""Puts a sentence, or a part of one, into a person's language."""
CAUSES = {
    "repository": "The repository can't be used ({})",
    "uncommitted": "Changes are not committed ({})",
    "setup": "The setup failed ({})",
    "step": "A step failed ({})",
    "model": "The model gave up ({})",
    "verify": "The verification fails ({})",
    "deliver": "The work can't be delivered ({})",
    "budget": "The item's budget ended ({})",
    "tries": "It was begun too often ({})",
    "internal": "Something unforeseen went wrong ({})",
}
"""What stands over the items that failed for one cause, with their number."""
HEADS = ("repository", "outcome", "changed", "delivered", "seconds", "yuan")
"""What stands over the columns of a report."""
_MOST_MESSAGE = 300
MARKS = {"verified": "✓", "done": "✓", "unchanged": "=", "skipped": "–", "failed": "✗"}


def one_line(summary: Summary, told: Told = str) -> str:
    """What a batch came to, as one sentence."""
    counts, progress = summary.progress.counts, summary.progress
    said = [told(f"{counts[state]} {state}") for state in (*MARKS, "ready") if counts.get(state)]
    cost = [told(f"{progress.cost:.4f} yuan")] if progress.cost else []
    listed = told(", ").join([*(said or [told("nothing to do")]), *cost])
    end = f"{told('. ')}{told(f'Paused: {summary.paused}')}" if summary.paused else told(".")
    return f"{summary.tasks.name}{told(': ')}{listed}{end}"


def row_line(row: Row, told: Told = str) -> str:
    """What became of one item, as one line."""
    result = row.result
    said = [f"{MARKS[row.state]} {row.item.name}{told(': ')}{told(row.state)}"]
    if result.get("files"):
        said.append(f"+{result['added']} −{result['removed']}")
    if result.get("delivered"):
        said.append(f"→ {handed_over(row, told)}")
    if result.get("seconds"):
        said.append(told(f"{result['seconds']:.1f} s"))
    if row.cost:
        said.append(told(f"{row.cost:.4f} yuan"))
    if row.state in ("failed", "skipped"):
        said.append(told(_first_line(result["message"])))
    line = " ".join(said)
    if row.state == "unchanged":
        steps = (step for step in result.get("steps", ()) if step["message"])
        for step in steps:
            line += f"{told('; ')}{step['title']}{told(': ')}{told(_first_line(step['message']))}"
    return line


def handed_over(row: Row, told: Told = str) -> str:
    """What was delivered of an item, each with its kind; '' where nothing was."""
    kinds = (each.partition(" ") for each in row.result.get("delivered", ()))
    return told(", ").join(f"{told(kind)} {what}" for kind, _, what in kinds)


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
