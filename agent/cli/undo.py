"""``seedsmith undo`` and ``seedsmith redo``: take back what a session did to the files, and put that back."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seedsmith.agent.cli import shell_completion
from seedsmith.agent.cli.flags import current_workspace, load_settings, setting_flags
from seedsmith.agent.cli.invocation import Invocation, debug_flag, json_flag, say
from seedsmith.agent.errors import WRONG_USAGE, UsageError
from seedsmith.agent.frontends.line_wrapping import tell
from seedsmith.agent.settings.repository_root import standing_in
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.text import first_of

if TYPE_CHECKING:
    from seedsmith.agent.sessions.undo import Plan, Undo
    from seedsmith.agent.sessions.undo_git import Moved
    from seedsmith.sandbox.snapshots.manifest_rows import Difference
    from seedsmith.sandbox.snapshots.workspace_scan import LeftOut

_SHOWN_MOST = 200
_NAMED = 5


@click.command("undo", short_help="Take back what a session did to the files.")
@click.argument("session", metavar="[ID]", default="last", shell_complete=shell_completion.sessions)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--to", "turn", type=click.IntRange(0), metavar="TURN", help="Go back to after this turn only.")
@click.option("--last", is_flag=True, help="Take back its newest run only.")
@click.option("--files-only", is_flag=True, help="Leave the conversation as it is: the model is told.")
@click.option("--force", is_flag=True, help="Take back what people changed since, too.")
@click.option("--dry-run", is_flag=True, help="Only show what would be done.")
@setting_flags("workspace")
@json_flag
@debug_flag
def command(session: str, paths: tuple[str, ...], **flags: Any) -> int:
    """Put the files back to what they were before the session ID changed them (default: this folder's last).

    Whatever changed them counts, shell commands too; ignored files, permissions, links and deleted files
    come back. With PATHs only what is there. What you changed since is not touched: then nothing is done, and
    the files are named. The conversation goes back with the files (--continue follows what is left of it),
    but for PATHs. An undo is taken back with seedsmith redo.

    Exit codes: 0 done, 1 something could not be put back, 2 refused, with nothing changed.
    """
    turn, last = flags.pop("turn"), flags.pop("last")
    how = _How(**{name: flags.pop(name) for name in ("force", "dry_run", "as_json")})
    files_only = flags.pop("files_only")
    if last and turn is not None:
        raise UsageError("Give --to TURN or --last, not both.")
    session, meant = _session_and_paths(session, paths)
    with _open(session, flags, force=how.force) as undo:
        back = undo.timeline.begun if last else turn or 0
        plan = undo.plan(back, _from_here(meant, flags), files_only=files_only)
        _refuse_nothing_meant(plan, meant, paths)
        if not plan.steps and turn is None and not last:  # no place was named to go back to
            plan = replace(plan, goes_on_from=None)
        return _carry_out(undo, plan, how)


@click.command("redo", short_help="Take the last undo back.")
@click.argument("session", metavar="[ID]", default="last", shell_complete=shell_completion.sessions)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--force", is_flag=True, help="Put back what people changed since, too.")
@click.option("--dry-run", is_flag=True, help="Only show what would be done.")
@setting_flags("workspace")
@json_flag
@debug_flag
def redo(
    session: str, paths: tuple[str, ...], force: bool, dry_run: bool, as_json: bool, **flags: Any
) -> int:
    """Put back what the last undo of the session ID took (default: this folder's last session)."""
    session, meant = _session_and_paths(session, paths)
    with _open(session, flags, force=force) as undo:
        plan = undo.plan_redo(_from_here(meant, flags))
        _refuse_nothing_meant(plan, meant, paths)
        return _carry_out(undo, plan, _How(force, dry_run, as_json))


@dataclass(frozen=True, slots=True)
class _How:
    """How an undo or redo is carried out."""

    force: bool
    dry_run: bool
    as_json: bool


def _session_and_paths(session: str, paths: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """What can be no session is a path: then this folder's last session is meant."""
    from seedsmith.agent.sessions.session_lookup import LAST, may_be_id

    return (session, paths) if session == LAST or may_be_id(session) else (LAST, (session, *paths))


def _refuse_nothing_meant(plan: Plan, meant: tuple[str, ...], paths: tuple[str, ...]) -> None:
    """Raise where what was taken for a path is none that could be put back: it may be a mistyped id."""
    if meant != paths and not plan.steps:
        names = ", ".join(meant)
        raise UsageError(f"Nothing to {plan.kind} at {names}: session {plan.session} changed nothing there.")


def _from_here(paths: tuple[str, ...], flags: dict[str, Any]) -> tuple[str, ...]:
    """``paths`` as seen from the workspace, where they were typed in a folder below it."""
    folder = "" if flags.get("workspace") else standing_in(current_workspace().absolute())
    return tuple(os.path.normpath(Path(folder, path)) if folder else path for path in paths)


def _open(session: str, flags: dict[str, Any], *, force: bool) -> Undo:
    from seedsmith.agent.redact import Redactor
    from seedsmith.agent.sessions.session_lookup import find_session
    from seedsmith.agent.sessions.undo import Undo
    from seedsmith.agent.settings.state_folder import state_folder

    settings = load_settings(flags)
    home = state_folder(settings.home, os.environ).resolve()
    found = find_session(home, session, Path(settings.workspace).resolve())
    return Undo(home, found, Redactor.from_environment(os.environ, settings.api_key), force=force)


def _carry_out(undo: Undo, plan: Plan, how: _How) -> int:
    refused = bool(plan.changed_since) and not how.force
    done = plan.does_something and not refused and not how.dry_run
    failed: tuple[str, ...] = ()
    if not how.as_json:
        _show(plan)
    if done:
        failed = undo.carry_out(plan)
    moved = undo.moved(plan)
    if how.as_json:
        _print_json(plan, failed, moved, done=done)
    elif refused:
        names = _some(plan.changed_since)
        say(
            f"Nothing was done: {names} changed since, not by the session. Name the paths that may go back, "
            f"or use --force; {_typed('redo')} takes that back."
        )
    elif done:
        for sentence in failed:
            say(sentence)
        back = "redo" if plan.kind == "undo" else "undo"
        if plan.goes_on_from is not None:
            tell(f"The conversation goes on from {_place(plan.turn)}.")
        put_back = len(plan.steps) - len(failed)
        sentence = f"{put_back:,} put back; take that back" if put_back else "Take that back"
        tell(f"{sentence} with: {_typed(back, plan.session)}")
    if moved and not how.as_json:
        _show_moved(moved)
    return WRONG_USAGE if refused else 1 if failed else 0


def _typed(command: str, session: str = "") -> str:
    return click.get_current_context().ensure_object(Invocation).command(command, session)


def _show(plan: Plan) -> None:
    from seedsmith.sandbox.workspace.paths import shown

    if not plan.steps:
        tell(f"Nothing to {plan.kind} of session {plan.session}: the files are as they were.")
    for step in plan.steps[:_SHOWN_MOST]:
        mark = " (changed since)" if step.path in plan.changed_since else ""
        tell(f"{_what(step)}  {shown(step.path)}{'/' if _folder(step) else ''}{mark}", hang=12)
    if len(plan.steps) > _SHOWN_MOST:
        tell(f"… and {len(plan.steps) - _SHOWN_MOST:,} more")
    if plan.interrupted and plan.steps:
        tell("The session was killed during a call or behind one: what changed since counts as its doing.")
    if plan.left_out and plan.steps:
        tell(f"Not in the snapshot: {_left_out(plan.left_out)}.")


def _show_moved(moved: tuple[Moved, ...]) -> None:
    tell("Git's own state is left to you; each command moves one thing back, in this order:")
    for each in moved:
        tell(f"  {each.command}    # {each.what}")


def _place(turn: int) -> str:
    return f"the end of turn {turn}" if turn else "what was asked first"


def _what(step: Difference) -> str:
    if step.old is None:
        return "delete    "
    if step.new is None:
        return "bring back"
    if (step.old.name, step.old.mark) == (step.new.name, step.new.mark):
        return "permissions"
    return "restore   "


def _folder(step: Difference) -> bool:
    row = step.old or step.new
    return row is not None and row.is_folder


def _left_out(left_out: tuple[LeftOut, ...]) -> str:
    from seedsmith.agent.frontends.line_wrapping import as_told
    from seedsmith.sandbox.workspace.paths import shown

    names = []
    for each in left_out:
        size = [] if each.size is None else [as_told(f"{each.size:,} bytes")]
        why = as_told(", ").join((*size, as_told(each.why)))
        names.append(f"{shown(each.path)}{as_told(' (')}{why}{as_told(')')}")
    return first_of(names, _NAMED)


def _some(paths: tuple[str, ...]) -> str:
    from seedsmith.sandbox.workspace.paths import shown

    return first_of([shown(path) for path in paths], _NAMED)


def _print_json(plan: Plan, failed: tuple[str, ...], moved: tuple[Moved, ...], *, done: bool) -> None:
    from seedsmith.agent.frontends.jsonl import encode

    document = {
        "session": plan.session,
        "kind": plan.kind,
        "done": done,
        "steps": [{"what": _what(step).strip(), "path": step.path} for step in plan.steps],
        "turn": plan.turn,
        "conversation": plan.goes_on_from is not None,
        "changed_since": list(plan.changed_since),
        "left_out": [each._asdict() for each in plan.left_out],
        "failed": list(failed),
        "git": [{"what": each.what, "command": each.command} for each in moved],
    }
    sys.stdout.buffer.write(encode(document))
