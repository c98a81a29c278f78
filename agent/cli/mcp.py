"""``seedsmith mcp``: which MCP servers there are, and whom to trust."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seedsmith.agent.cli.flags import load_settings, setting_flags
from seedsmith.agent.cli.invocation import debug_flag, json_flag, listing_group, say
from seedsmith.agent.errors import UsageError
from seedsmith.agent.frontends.line_wrapping import tell

if TYPE_CHECKING:
    from seedsmith.agent.settings.mcp_servers import Found
    from seedsmith.agent.settings.settings import Settings

_REACH = ("workspace", "workspace_is_home", "sandbox", "network")


@listing_group("mcp", "List, add, test and trust MCP servers.")
def command() -> None:
    """Programs that offer tools by the Model Context Protocol, each in the sandbox."""


@command.command("list")
@setting_flags("workspace")
@json_flag
@debug_flag
def list_servers(as_json: bool, **flags: Any) -> None:
    """List the servers that are written down, and those that can't be used, each with why."""
    from seedsmith.agent.frontends.terminal import visible_row

    for each in _found(load_settings(flags)):
        row = _row(each)
        if as_json:
            from seedsmith.agent.frontends.jsonl import encode

            sys.stdout.buffer.write(encode(row))
        else:
            why = "" if each.server else f"[{each.why.rstrip('.')}] "
            tell(f"{visible_row(each.name)}  {why}{row['reached']}{row['may']}  ({each.origin})", hang=2)


@command.command("add", context_settings={"ignore_unknown_options": False})
@click.argument("name")
@click.argument("reached", nargs=-1, required=True, metavar="URL|[--] COMMAND [ARGUMENT]…")
@click.option("--env", multiple=True, metavar="NAME=VALUE", help="Variable for it; ${NAME} is filled in.")
@click.option("--header", multiple=True, metavar="NAME=VALUE", help="Header of a URL's requests, likewise.")
@click.option(
    "--network", type=click.Choice(["off", "on"]), default="off", help="Whether it has the network."
)
@click.option("--folder", multiple=True, metavar="DIR", help="Folder outside the workspace it may read.")
@click.option("--timeout", type=float, help="Seconds that one call may take; 60 where nothing is said.")
@click.option("--description", help="What it is for, as the model is told it.")
@debug_flag
def add_server(name: str, reached: tuple[str, ...], **given: Any) -> None:
    """Write the server NAME into your own mcp.json, in the place of one of that name."""
    from seedsmith.agent.settings.mcp_servers import mcp_file, write_user_entry
    from seedsmith.agent.settings.skill_settings import pairs
    from seedsmith.tools.mcp.servers import ServerError, read_entry

    first, *arguments = reached
    web = first.startswith(("http://", "https://"))
    if web and (arguments or given["env"] or given["folder"] or given["network"] == "on"):
        raise UsageError(
            "A server with a URL runs elsewhere: it takes no command, --env, --folder or --network."
        )
    try:
        variables, headers = pairs(given["env"]), pairs(given["header"])
    except ValueError as error:
        raise UsageError(f"--env or --header {error}.") from None
    entry = {
        **({"type": "http", "url": first} if web else {"command": first, "args": arguments}),
        "env": variables,
        "headers": headers,
        "network": given["network"] if given["network"] == "on" else "",
        "folders": [str(Path(folder).absolute()) for folder in given["folder"]],
        "timeout": given["timeout"],
        "description": given["description"],
    }
    kept = {key: value for key, value in entry.items() if value or value == 0}
    try:
        read_entry(name, kept)
    except ServerError as error:
        raise UsageError(f"The MCP server {name} {error}.") from None
    replaced = write_user_entry(os.environ, name, kept)
    done = "Replaced" if replaced else "Added"
    tell(f"{done} {name} in {mcp_file(os.environ)}; try it: seedsmith mcp test {name}")


@command.command("remove")
@click.argument("name")
@debug_flag
def remove_server(name: str) -> None:
    """Take the server NAME out of your own mcp.json."""
    from seedsmith.agent.settings.mcp_servers import mcp_file, write_user_entry

    if not write_user_entry(os.environ, name, None):
        raise UsageError(f"{mcp_file(os.environ)} has no server {name!r}.")
    print(f"Removed {name}.")


@command.command("trust")
@click.argument("name")
@click.option("--forget", is_flag=True, help="Trust no version of it any more.")
@setting_flags("workspace")
@debug_flag
def trust_server(name: str, forget: bool, **flags: Any) -> None:
    """Trust the server NAME of the repository's .mcp.json as it is written now; a changed one is another."""
    from seedsmith.agent.settings.mcp_servers import trusted_servers
    from seedsmith.agent.settings.state_folder import prepare_state

    settings = load_settings(flags)
    store = trusted_servers(prepare_state(_state(settings), settings.workspace))
    if forget:
        tell(f"Forgot {store.forget(name)} of {name}.")
        return
    found = next((each for each in _found(settings) if each.name == name), None)
    if found is None or found.origin != "repository" or found.entry is None:
        raise UsageError(f"The repository's .mcp.json has no usable server {name!r}.")
    store.add(found.digest, name, workspace=str(settings.workspace.absolute()))
    row = _row(found)
    tell(f"Trusted {name}: {row['reached']}")
    if row["variables"]:
        tell(f"It is given {', '.join(row['variables'])}.")


@command.command("test")
@click.argument("name")
@setting_flags(*_REACH)
@debug_flag
def test_server(name: str, **flags: Any) -> int:
    """Start the server NAME as a session would, and print all it offers; exits 1 where that fails."""
    from seedsmith.agent.cli.run_common import until_done
    from seedsmith.agent.cli.tool import Notices
    from seedsmith.agent.frontends.terminal import visible
    from seedsmith.agent.run.one_tool import run_tool
    from seedsmith.agent.settings.mcp_servers import MEMORY_FOLDER
    from seedsmith.tools.mcp.known_offers import KnownOffers

    settings = load_settings(flags)
    found = next((each for each in _found(settings) if each.name == name), None)
    if found is None:
        raise UsageError(f"There is no MCP server {name!r}; seedsmith mcp list shows those there are.")
    if found.server is None:
        raise UsageError(f"The MCP server {name} {found.why.rstrip('.')}.")
    KnownOffers(_state(settings) / MEMORY_FOLDER).forget(found.server)
    arguments = json.dumps({"action": "list", "server": name})
    result = until_done(run_tool(settings, "mcp", arguments, front_ends=(Notices(),)))
    if not result.ok:
        say(result.text)
        return 1
    print(visible(result.text.partition("\n")[2]))
    return 0


@command.command("serve")
@setting_flags(without=("resume", "fork", "record", "replay", "image", "skill", "skill_with"))
@debug_flag
def serve(**flags: Any) -> None:
    """Be an MCP server on standard input and output: run, fix, skills, sessions and the tools."""
    from importlib.util import find_spec

    from seedsmith.agent.cli.mcp_serve import offers
    from seedsmith.agent.cli.run_common import until_done
    from seedsmith.agent.frontends.mcp_server import serve_stdio
    from seedsmith.agent.frontends.telemetry.observing import observing

    if find_spec("mcp") is None:
        raise UsageError("mcp serve needs the extra mcp: install seedsmith[mcp].")
    settings = load_settings(flags)
    with observing(settings) as watchers:
        until_done(serve_stdio(offers(settings, watchers)))


def _state(settings: Settings) -> Path:
    from seedsmith.agent.settings.state_folder import state_folder

    return state_folder(settings.home, os.environ)


def _found(settings: Settings) -> list[Found]:
    from seedsmith.agent.settings.mcp_servers import find_servers

    return find_servers(settings.workspace.absolute(), _state(settings), os.environ)


def _row(found: Found) -> dict[str, Any]:
    """What there is to say of a server: values of variables and headers are left out."""
    import shlex

    from seedsmith.tools.mcp.servers import variables_of

    entry = found.entry
    reached = "" if entry is None else entry.url or shlex.join((entry.command or "", *entry.args))
    may = []
    if found.server is not None and found.server.network:
        may.append("network")
    if found.server is not None and found.server.folders:
        may.append(f"reads {', '.join(found.server.folders)}")
    return {
        "name": found.name,
        "origin": found.origin,
        "usable": found.server is not None,
        "why": found.why,
        "reached": reached,
        "may": f"  [{'; '.join(may)}]" if may else "",
        "variables": variables_of(entry) if entry else [],
    }
