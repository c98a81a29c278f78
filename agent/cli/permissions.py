"""``seedsmith permissions``: the rules, what was allowed for good, and what they say of a command."""

from __future__ import annotations

import os
import posixpath
import sys
from typing import TYPE_CHECKING, Any

import click

from seedsmith.agent.cli.flags import load_settings, setting_flags
from seedsmith.agent.cli.invocation import debug_flag, json_flag, listing_group
from seedsmith.agent.errors import UsageError
from seedsmith.agent.frontends.line_wrapping import tell

if TYPE_CHECKING:
    from seedsmith.agent.settings.permissions.call import RuledCall
    from seedsmith.agent.settings.permissions.decision import Ruling
    from seedsmith.agent.settings.permissions.grants import KeptGrants

_EXITS = {"allow": 0, "deny": 1, "ask": 1}


@listing_group("permissions", "Show, try and take back permissions.")
def command() -> None:
    """What the model may do, is asked about, or may not: your rules, and what you allowed for good."""


@command.command("list")
@setting_flags("workspace")
@json_flag
@debug_flag
def list_permissions(as_json: bool, **flags: Any) -> None:
    """List the rules in the order in which they win, then what was allowed for good, numbered."""
    from seedsmith.agent.frontends.terminal import visible_row
    from seedsmith.agent.settings.permissions.grants import Grant
    from seedsmith.agent.settings.permissions.rule_reader import read_rules
    from seedsmith.agent.settings.permissions.rules import Ruled

    settings = load_settings(flags)
    order = list(Ruled)
    rules = sorted(read_rules(settings.permissions), key=lambda rule: order.index(rule.says))
    entries = _kept().entries()
    if as_json:
        for rule in rules:
            _print_json({"rule": rule.written, "of": rule.of or "user", "because": rule.because})
        for number, each in enumerate(entries, 1):
            _print_json({"number": number, **each})
        return
    for rule in rules:
        because = f"  ({rule.because})" if rule.because else ""
        tell(f"{rule.written}{because}{f'  [{rule.of}]' if rule.of else ''}", hang=2)
    for number, each in enumerate(entries, 1):
        description = Grant(each["kind"], each["tool"], each["text"]).description
        tell(
            f"{number}. allowed for good in {visible_row(each['workspace'])}: {visible_row(description)}",
            hang=3,
        )
    if not rules and not entries:
        tell("There are no rules, and nothing was allowed for good; docs/permissions.md says how.")


@command.command("test", context_settings={"ignore_unknown_options": True})
@click.argument("what", metavar="COMMAND")
@click.option("--write", "kind", flag_value="write", help="COMMAND is a file that is to be written.")
@click.option("--mcp", "kind", flag_value="mcp", help="COMMAND is SERVER:TOOL.")
@click.option("--tool", "kind", flag_value="tool", help="COMMAND is a tool's name.")
@setting_flags("workspace")
@json_flag
@debug_flag
def test_permissions(what: str, kind: str | None, as_json: bool, **flags: Any) -> int:
    """Say what the rules and your yeses come to for COMMAND, without running it; 0: it would not be asked.

    A command is shown with the parts it is made of, as rules see them.
    """
    from seedsmith.agent.frontends.terminal import visible_row
    from seedsmith.agent.settings.permissions.decision import Rulebook
    from seedsmith.agent.settings.permissions.rule_reader import read_rules
    from seedsmith.agent.settings.permissions.shell_parser import split

    settings = load_settings(flags)
    root = os.path.realpath(settings.workspace)
    call = _call(kind or "shell", what)
    ruling = Rulebook(read_rules(settings.permissions), root).judge(call)
    says, why = _comes_to(ruling, call, root)
    parts = [part.shown for part in split(what).parts] if call.command is not None else []
    if as_json:
        _print_json({"says": says, "why": why, "parts": parts})
    else:
        tell(f"{says}: {why}" if why else says)
        for part in parts if len(parts) > 1 else ():
            print(f"  {visible_row(part)}")
    return _EXITS[says]


@command.command("remove")
@click.argument("numbers", nargs=-1, required=True, type=click.IntRange(min=1), metavar="NUMBER…")
@debug_flag
def remove_permissions(numbers: tuple[int, ...]) -> None:
    """Take back what was allowed for good, by the numbers that list shows."""
    from seedsmith.agent.frontends.terminal import visible_row
    from seedsmith.agent.settings.permissions.grants import Grant

    kept = _kept()
    if missing := [number for number in numbers if number > len(kept.entries())]:
        raise UsageError(
            f"There is no number {missing[0]}; seedsmith permissions list shows those there are."
        )
    for each in kept.remove(numbers):
        description = Grant(each["kind"], each["tool"], each["text"]).description
        tell(f"No longer allowed in {visible_row(each['workspace'])}: {visible_row(description)}")


def _comes_to(ruling: Ruling, call: RuledCall, root: str) -> tuple[str, str]:
    """``allow``, ``ask`` or ``deny``, and why, as a clause."""
    from seedsmith.agent.settings.permissions.rules import Ruled

    if ruling.says is Ruled.DENY:
        return "deny", ruling.why
    if ruling.says is not Ruled.ASK:
        return "allow", "" if ruling.says else "no rule is about it"
    granted = next((grant for grant in _kept().of(root) if grant.covers(call, ruling.paths)), None)
    return ("allow", f"you allowed {granted.description} here for good") if granted else ("ask", ruling.why)


def _call(kind: str, what: str) -> RuledCall:
    from seedsmith.agent.settings.permissions.call import RuledCall

    if kind == "write":
        return RuledCall("write", writes=frozenset({posixpath.normpath(what)}))
    if kind == "mcp":
        server, colon, offered = what.partition(":")
        if not colon:
            raise UsageError("Write SERVER:TOOL after --mcp.")
        return RuledCall("mcp", server=server, offered=offered)
    return RuledCall("shell", command=what) if kind == "shell" else RuledCall(what)


def _kept() -> KeptGrants:
    from seedsmith.agent.settings.permissions.grants import FILE_NAME, KeptGrants
    from seedsmith.agent.settings.yaml_file import user_folder

    return KeptGrants(user_folder(os.environ) / FILE_NAME)


def _print_json(document: dict[str, Any]) -> None:
    from seedsmith.agent.frontends.jsonl import encode

    sys.stdout.buffer.write(encode(document))
