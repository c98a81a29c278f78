"""What a person wants to see of a run."""

from __future__ import annotations

from seedsmith.sandbox.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class DisplayOptions:
    """What a person wants to see of a run, and as what."""

    as_json: bool = False
    """Events, one a line, and nothing else."""
    quiet: bool = False
    """Nothing but the answer, and why there is none."""
    diff: bool = False
    """What changed, whole and file by file, after the answer."""
