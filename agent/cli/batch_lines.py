"""The lines that ``seedsmith batch`` shows, in the person's language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seedsmith.agent.frontends.line_wrapping import as_told, padded
from seedsmith.agent.frontends.terminal import cells

if TYPE_CHECKING:
    from seedsmith.agent.tasks.batch.batch import Progress
    from seedsmith.agent.tasks.batch.dry_run import PlannedItem

_MOST_AT_WORK = 8
_HAPPENS = {True: "yes", False: "no", None: "open"}
_FIRST_COLUMN, _SECONDS = 4, 7


def at_work_lines(progress: Progress) -> list[str]:
    """A line for each item at work: its name, since when, and what it cost so far."""
    shown = progress.at_work[:_MOST_AT_WORK]
    wide = max((cells(each.name) for each in shown), default=0)
    lines = []
    for each in shown:
        seconds = padded(as_told(f"{each.seconds:.0f} s"), _SECONDS, right=True)
        lines.append(f"  {padded(each.name, wide)}  {seconds}  {as_told(f'{each.cost:.4f} yuan')}")
    more = len(progress.at_work) - len(shown)
    return [*lines, f"  {as_told(f'and {more} more')}"] if more else lines


def progress_line(progress: Progress) -> str:
    """How far a batch is: a bar, counts, cost and about the time that is left."""
    done, total = progress.finished, progress.total
    counts, left = progress.counts, progress.seconds_left
    bar = "█" * (20 * done // max(1, total))
    said = [f"{bar:░<20} {done}/{total}", as_told(f"{counts.get('working', 0)} at work")]
    if failed := counts.get("failed", 0):
        said.append(as_told(f"{failed} failed"))
    said.append(as_told(f"{progress.cost:.4f} yuan"))
    if left is not None and done < total:
        said.append(as_told(f"about {left:.0f} s left" if left < 90 else f"about {left / 60:.0f} min left"))
    return as_told(", ").join(said)


def planned_text(planned: PlannedItem) -> str:
    """What a batch would do with one item, in some lines."""
    begins = as_told(planned.begins) if planned.begins.startswith("no branch") else planned.begins
    lines = [f"{planned.item.name}  {begins}".rstrip()]
    if planned.became:
        lines.append(f"  {as_told(f'{planned.became} already')}")
    if planned.problem:
        lines.append(f"  ✗ {as_told(planned.problem)}")
    for step in planned.steps:
        happens = padded(as_told(_HAPPENS[step.happens]), _FIRST_COLUMN)
        more = f"{as_told(' (')}{as_told(step.matches)}{as_told(')')}" if step.matches else ""
        lines.append(f"  {happens} {step.title}{more}{as_told(' [model]') if step.asks_model else ''}")
    return "\n".join(lines)
