"""What the tools of a run work with: the isolation and the processes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from seedsmith.agent.events import NoticeGiven, Sink
from seedsmith.agent.run.added_folders import added_folders
from seedsmith.agent.sessions.run_place import Place, credentials_of
from seedsmith.agent.sessions.session import PRIVATE_TMP, SPILLS
from seedsmith.agent.settings.run_request import RunRequest
from seedsmith.agent.settings.validators import allowed_hosts
from seedsmith.sandbox.commands.credentials import Credentials
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.isolation.base import Isolation, Policy
from seedsmith.sandbox.isolation.toolchains import installations
from seedsmith.sandbox.workspace.paths import shown
from seedsmith.sandbox.workspace.spill import SpillStore
from seedsmith.tools.base import ToolContext

if TYPE_CHECKING:
    from seedsmith.sandbox.network.egress import Attempt

_WITH_PRIVATE_HOME = ("bwrap", "landlock")


def open_tool_context(
    request: RunRequest,
    place: Place,
    session_folder: Path,
    readable: tuple[Path, ...] = (),
    *,
    verify: str = "",
    expects: bool = False,
) -> ToolContext:
    """Choose the isolation, by what its probe shows, and make what tools work with.

    ``readable`` are files and folders outside the workspace that commands are shown, read-only; so are
    the programs that the command ``verify`` names by path, where the user wrote it.

    Blocks until the probe has ended, on the thread that will run commands, as :class:`Selection` asks, unless
    it ``expects`` what held here before to hold: then whoever runs something calls ``processes.prove`` first,
    or the start of it does. Raises :class:`NoIsolation`.
    """
    from seedsmith.sandbox.choose.remembered import choose_early
    from seedsmith.sandbox.choose.select import choose
    from seedsmith.sandbox.isolation.named_programs import link_into_home

    settings, workspace = request.settings, place.workspace
    added = added_folders(settings, place, request.environment)
    policy = _policy(request, place, session_folder, (*readable, *added), verify)
    early = choose_early(settings.sandbox, policy) if expects else None
    isolation, proof = early or (choose(settings.sandbox, policy), None)
    if request.copy_of is not None:
        workspace.also_called(str(request.copy_of.folder))
    workspace.take_in(_temporary_folder(isolation, policy), policy.private_tmp)
    for folder in added:
        workspace.take_in(str(folder), folder, writable=False)
    if isolation.name in _WITH_PRIVATE_HOME:
        link_into_home(policy)
    spills = SpillStore(session_folder / SPILLS, secrets=place.redactor.values)
    processes = ProcessRunner(isolation, policy, spills, prove=proof.require if proof else None)
    processes.credentials = Credentials(credentials_of(settings))
    if policy.allow:
        processes.network.join()  # What can't be held is refused before anything is asked.
    return ToolContext(
        workspace,
        processes,
        spills,
        ignored=tuple(settings.ignore or ()),
        git_remote=settings.git_remote,
        background_after=settings.background_after,
    )


def _policy(
    request: RunRequest, place: Place, session_folder: Path, readable: tuple[Path, ...], verify: str
) -> Policy:
    """What the run's commands may reach; ``readable`` and ``verify`` as in :func:`open_tool_context`."""
    from seedsmith.sandbox.git.repository import shown_above
    from seedsmith.sandbox.isolation.named_programs import named_programs

    settings, environment, root = request.settings, request.environment, place.workspace.root
    return Policy(
        workspace=root,
        private_tmp=session_folder / PRIVATE_TMP,
        state=place.home,
        network=settings.network == "on",
        allow=allowed_hosts(settings.network),
        also_readable=(*shown_above(root, environment), *request.borrowed, *readable),
        programs=named_programs(verify, root, environment) if settings.wrote(verify) else (),
        copy_of=request.copy_of.folder if request.copy_of else None,
        shared=request.copy_of.shared if request.copy_of else (),
        environ=environment,
    )


def _temporary_folder(isolation: Isolation, policy: Policy) -> str:
    """What commands call the session's private folder for temporary files."""
    from seedsmith.sandbox.isolation.hidden_folders import TEMPORARY

    return str(TEMPORARY if isolation.name == "bwrap" else policy.private_tmp)


def noteworthy(context: ToolContext, verify: str | None) -> tuple[NoticeGiven, ...]:
    """What a person should know of the sandbox, and of the programs that the command ``verify`` gets."""
    from seedsmith.agent.run.command_precheck import another_program

    other = another_program(verify, context.processes.policy) if verify else ""
    notices = (*unheld(context), *_shown_programs(context))
    return (*notices, NoticeGiven("another_program", other)) if other else notices


def _shown_programs(context: ToolContext) -> tuple[NoticeGiven, ...]:
    """What a person should know of the installations that are shown for the verification command."""
    policy = context.processes.policy
    folders = installations(policy.environ, policy.workspace, policy.programs)
    if not folders or context.processes.isolation.name not in _WITH_PRIVATE_HOME:
        return ()
    named = ", ".join(shown(str(folder)) for folder in folders)
    return (NoticeGiven("shown", f"Commands see {named}, read-only: the verification command names it."),)


def report_connections(context: ToolContext, sink: Sink) -> None:
    """Have ``sink`` hear of the connections that commands ask for where hosts are allowed."""

    def report(attempt: Attempt) -> None:
        what = f"refused: {attempt.refused}" if attempt.refused else "let through"
        sink.emit(NoticeGiven("egress", f"A command's connection to {attempt.host}:{attempt.port}: {what}."))

    context.processes.network.report = report


def unheld(context: ToolContext) -> tuple[NoticeGiven, ...]:
    """What a person should know first where the weaker tier was taken: what it doesn't hold."""
    from seedsmith.sandbox.isolation.landlock import Landlock

    isolation = context.processes.isolation
    if not isinstance(isolation, Landlock):
        return ()
    said = f"Commands run in the weaker sandbox, Landlock. Not held: {'; '.join(isolation.missing())}."
    return (NoticeGiven("sandbox", said),)
