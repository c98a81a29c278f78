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
    from seedsmith.tools.mcp.servers import Server

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
    from seedsmith.agent.frontends.line_wrapping import as_told, prose, screen_width
    from seedsmith.agent.frontends.terminal import visible_row

    settings = load_settings(flags)
    for each in _found(settings):
        row = _row(each, _state(settings))
        if as_json:
            from seedsmith.agent.frontends.jsonl import encode

            joined = f"  [{'; '.join(row['may'])}]" if row["may"] else ""
            sys.stdout.buffer.write(encode({**row, "may": joined}))
        else:
            why = "" if each.server else f"[{as_told(each.why.rstrip('.'))}] "
            may = f"  [{as_told('; ').join(map(as_told, row['may']))}]" if row["may"] else ""
            origin = f"{as_told(' (')}{as_told(each.origin)}{as_told(')')}"
            said = f"{visible_row(each.name)}  {why}{row['reached']}{may} {origin}"
            print(prose(said, screen_width(), 2))


@command.command("add", context_settings={"ignore_unknown_options": False})
@click.argument("name")
@click.argument("reached", nargs=-1, required=True, metavar="URL|[--] COMMAND [ARGUMENT]…")
@click.option("--env", multiple=True, metavar="NAME=VALUE", help="Variable for it; ${NAME} is filled in.")
@click.option("--header", multiple=True, metavar="NAME=VALUE", help="Header of a URL's requests, likewise.")
@click.option("--client-id", help="Who we are to the URL's authorization server; else we register there.")
@click.option("--callback-port", type=click.IntRange(1, 65535), help="Port that the client's redirect names.")
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
    if not web and (given["client_id"] or given["callback_port"]):
        raise UsageError("Only a server with a URL is signed in to: --client-id and --callback-port are its.")
    oauth = {"clientId": given["client_id"], "callbackPort": given["callback_port"]}
    entry = {
        **({"type": "http", "url": first} if web else {"command": first, "args": arguments}),
        "env": variables,
        "headers": headers,
        "oauth": {key: value for key, value in oauth.items() if value},
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
    place = f"{name} in {mcp_file(os.environ)}; try it: seedsmith mcp test {name}"
    tell(f"Replaced {place}" if replaced else f"Added {place}")


@command.command("remove")
@click.argument("name")
@debug_flag
def remove_server(name: str) -> None:
    """Take the server NAME out of your own mcp.json."""
    from seedsmith.agent.settings.mcp_servers import mcp_file, write_user_entry

    if not write_user_entry(os.environ, name, None):
        raise UsageError(f"{mcp_file(os.environ)} has no server {name!r}.")
    tell(f"Removed {name}.")


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
    row = _row(found, _state(settings))
    tell(f"Trusted {name}: {row['reached']}")
    if row["variables"]:
        tell(f"It is given {', '.join(row['variables'])}.")


@command.command("login")
@click.argument("name")
@click.option("--no-browser", is_flag=True, help="Only print the address, and open no browser.")
@setting_flags("workspace")
@debug_flag
def sign_in_to(name: str, no_browser: bool, **flags: Any) -> int:
    """Sign in to the server NAME by OAuth, in your browser; what comes of it is kept for you alone."""
    from seedsmith.agent.cli.run_common import until_done
    from seedsmith.agent.frontends.terminal import visible
    from seedsmith.agent.settings.kept_sign_ins import KeptSignIns

    settings = load_settings(flags)
    server = _usable(settings, name)
    if not server.may_sign_in:
        raise UsageError(f"The MCP server {name} has no URL, or is given a header Authorization already.")
    _needs_sdk("login")
    from seedsmith.tools.mcp.sign_in import SignInFailed, open_browser, sign_in

    def show(address: str) -> None:
        tell(f"Sign in to {name} here:")
        print(visible(address), flush=True)
        if not no_browser:
            open_browser(address)

    try:
        until_done(sign_in(server, KeptSignIns(_state(settings)), show))
    except SignInFailed as error:
        say(str(error))
        return 1
    tell(f"Signed in to {name}.")
    return 0


@command.command("logout")
@click.argument("name")
@setting_flags("workspace")
@debug_flag
def sign_out_of(name: str, **flags: Any) -> None:
    """Forget the sign-in to the server NAME; what the server knows of it stays there."""
    from seedsmith.agent.settings.kept_sign_ins import KeptSignIns

    settings = load_settings(flags)
    if not KeptSignIns(_state(settings)).forget(_usable(settings, name).sign_in):
        raise UsageError(f"Nobody is signed in to {name}.")
    tell(f"Forgot the sign-in to {name}.")


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
    KnownOffers(_state(settings) / MEMORY_FOLDER).forget(_usable(settings, name))
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
    from seedsmith.agent.cli.mcp_serve import offers
    from seedsmith.agent.cli.run_common import until_done
    from seedsmith.agent.frontends.mcp_server import serve_stdio
    from seedsmith.agent.frontends.telemetry.observing import observing

    _needs_sdk("serve")
    settings = load_settings(flags)
    with observing(settings) as watchers:
        until_done(serve_stdio(offers(settings, watchers)))


def _state(settings: Settings) -> Path:
    from seedsmith.agent.settings.state_folder import state_folder

    return state_folder(settings.home, os.environ)


def _needs_sdk(subcommand: str) -> None:
    from importlib.util import find_spec

    if find_spec("mcp") is None:
        raise UsageError(f"mcp {subcommand} needs the extra mcp: install seedsmith[mcp].")


def _usable(settings: Settings, name: str) -> Server:
    """The server called ``name``; raises UsageError, with why it can't be used."""
    found = next((each for each in _found(settings) if each.name == name), None)
    if found is None:
        raise UsageError(f"There is no MCP server {name!r}; seedsmith mcp list shows those there are.")
    if found.server is None:
        raise UsageError(f"The MCP server {name} {found.why.rstrip('.')}.")
    return found.server


def _found(settings: Settings) -> list[Found]:
    from seedsmith.agent.settings.mcp_servers import find_servers

    return find_servers(settings.workspace.absolute(), _state(settings), os.environ)


def _row(found: Found, state: Path) -> dict[str, Any]:
    """What there is to say of a server: values of variables and headers are left out."""
    import shlex

    from seedsmith.agent.settings.kept_sign_ins import KeptSignIns
    from seedsmith.tools.mcp.servers import is_signed_in, variables_of

    entry = found.entry
    reached = "" if entry is None else entry.url or shlex.join((entry.command or "", *entry.args))
    may = []
    if found.server is not None and found.server.network:
        may.append("network")
    if found.server is not None and found.server.folders:
        may.append(f"reads {', '.join(found.server.folders)}")
    signed_in = found.server is not None and is_signed_in(found.server, KeptSignIns(state))
    if signed_in:
        may.append("signed in")
    return {
        "name": found.name,
        "origin": found.origin,
        "usable": found.server is not None,
        "why": found.why,
        "signed_in": signed_in,
        "reached": reached,
        "may": may,
        "variables": variables_of(entry) if entry else [],
    }
