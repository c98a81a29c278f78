"""What the tools of a run work with: the isolation, the processes, and what the workspace was."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from seedsmith.agent.errors import SessionError
from seedsmith.agent.sessions.place import Place
from seedsmith.agent.sessions.session import PRIVATE_TMP, SPILLS
from seedsmith.agent.settings.settings import Settings
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.isolation.base import Policy
from seedsmith.sandbox.workspace.spill import SpillStore
from seedsmith.tools.base import ToolContext, ToolError

if TYPE_CHECKING:
    from seedsmith.sandbox.past.baseline import Baseline


def open_tool_context(
    settings: Settings,
    environment: Mapping[str, str],
    place: Place,
    session_folder: Path,
    readable: tuple[Path, ...] = (),
) -> ToolContext:
    """Choose the isolation, by what its probe shows, and make what tools work with.

    ``readable`` are files and folders outside the workspace that commands are shown, read-only.

    Blocks until the probe has ended, on the thread that will run commands, as
    :class:`Selection` asks. Raises :class:`NoIsolation`.
    """
    from seedsmith.sandbox.choose.select import choose
    from seedsmith.sandbox.git.repository import shown_above

    policy = Policy(
        workspace=place.workspace.root,
        private_tmp=session_folder / PRIVATE_TMP,
        state=place.home,
        network=settings.network == "on",
        also_readable=(*shown_above(place.workspace.root, environment), *readable),
        environ=environment,
    )
    isolation = choose(settings.sandbox, policy)
    spills = SpillStore(session_folder / SPILLS)
    processes = ProcessRunner(isolation, policy, spills)
    return ToolContext(place.workspace, processes, spills, ignored=tuple(settings.ignore or ()))


def open_baseline(place: Place, session_folder: Path) -> Baseline:
    """What the workspace was when the session began; takes a while, so run it in a thread.

    A session that was stopped before its baseline was complete has changed nothing: it is taken then.
    """
    from seedsmith.sandbox.past.baseline import Baseline
    from seedsmith.tools.search.ripgrep import find_ripgrep

    try:
        ripgrep = find_ripgrep(place.workspace.root)
    except ToolError:
        ripgrep = None
    try:
        found = Baseline.load(place.workspace, session_folder, ripgrep)
        return found or Baseline.take(place.workspace, session_folder, ripgrep)
    except (OSError, ValueError, KeyError) as error:  # a full disk, or a resumed session's damaged index
        why = getattr(error, "strerror", None) or f"what is kept in {session_folder} is damaged"
        raise SessionError(f"Can't record what the workspace is now: {why}.") from error
