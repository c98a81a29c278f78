"""Running a recording again as one call, for programs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seedsmith.agent.events import FrontEnd
from seedsmith.agent.sessions.comparison import Comparison
from seedsmith.agent.settings.config import checked
from seedsmith.agent.settings.run_request import RunRequest


async def replay(
    recording: Path,
    workspace: Path,
    *,
    front_ends: tuple[FrontEnd, ...] = (),
    environment: Mapping[str, str] | None = None,
    **settings: Any,
) -> Comparison:
    """Run ``recording`` again in ``workspace``, which it changes, and say how the two compare.

    No network, model, key or weights are needed: recorded answers are played, tools run for real in the
    sandbox. ``settings`` are those of the machine (``sandbox``, ``network``, ``home``, ``max_time``).
    Raises what :func:`seedsmith.agent.run.run.run` raises, :class:`RecordingError` above all, and
    :class:`seedsmith.sandbox.errors.NoIsolation` where no sandbox could be had.
    """
    from seedsmith.agent.run.run import run
    from seedsmith.sandbox.errors import NoIsolation

    request = RunRequest(
        settings=checked({"workspace": workspace, "replay": recording, **settings}),
        environment=dict(os.environ if environment is None else environment),
    )
    outcome = await run(request, front_ends)
    if outcome.comparison is None:
        raise NoIsolation(outcome.message)
    return outcome.comparison
