"""The command ``mcp``: servers written down, tried, trusted and taken out again."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from mcp_authorization import guarded_beside

SERVER = Path(__file__).parents[2] / "support" / "mcp_server.py"


@pytest.mark.slow
def test_a_server_is_added_listed_tried_and_removed(seedsmith, place):
    added = seedsmith(
        *("mcp", "add", "example", "--folder", str(SERVER.parent), "--env", "A=1", "--", sys.executable),
        str(SERVER),
    )
    assert added.returncode == 0 and "Added example" in added.stdout
    entry = json.loads((place / "home/.config/seedsmith/mcp.json").read_text())["mcpServers"]["example"]
    assert entry["args"] == [str(SERVER)] and entry["env"] == {"A": "1"} and "network" not in entry
    listed = json.loads(seedsmith("mcp", "list", "--json").stdout)
    assert listed["usable"] and listed["origin"] == "user"
    tried = seedsmith("mcp", "test", "example")
    assert tried.returncode == 0 and "add: Adds two numbers." in tried.stdout, tried.stderr
    assert seedsmith("mcp", "remove", "example").returncode == 0
    assert seedsmith("mcp", "list").stdout == ""
    assert seedsmith("mcp", "remove", "example").returncode == 2


def test_a_repositorys_server_is_trusted_as_it_is_written(seedsmith, place):
    servers = {"theirs": {"command": "their-server", "env": {"KEY": "${THEIR_KEY:-none}"}}}
    (place / "repo/.mcp.json").write_text(json.dumps({"mcpServers": servers}))
    assert "[comes from the repository and is not trusted" in seedsmith("mcp", "list").stdout
    trusted = seedsmith("mcp", "trust", "theirs")
    assert trusted.returncode == 0 and "their-server" in trusted.stdout and "THEIR_KEY" in trusted.stdout
    assert "not trusted" not in seedsmith("mcp", "list").stdout
    assert seedsmith("mcp", "trust", "theirs", "--forget").stdout.startswith("Forgot 1")
    assert "not trusted" in seedsmith("mcp", "list").stdout


def test_what_can_not_be_is_told_in_one_sentence(seedsmith, place):
    for arguments, said in (
        (("add", "a b", "true"), "unusable name"),
        (("add", "web", "https://example.org/mcp", "--network", "on"), "runs elsewhere"),
        (("add", "x", "--env", "nothing", "true"), "NAME=VALUE"),
        (("add", "x", "--timeout", "0", "true"), "timeout"),
        (("test", "nobody"), "There is no MCP server"),
        (("add", "x", "--client-id", "me", "true"), "Only a server with a URL"),
        (("login", "nobody"), "There is no MCP server"),
        (("trust", "nobody"), "no usable server"),
    ):
        done = seedsmith("mcp", *arguments)
        assert done.returncode == 2 and said in done.stderr, (arguments, done.stderr)
    file = place / "home/.config/seedsmith/mcp.json"
    file.parent.mkdir(parents=True)
    file.write_text("{")
    assert "is no JSON" in seedsmith("mcp", "list").stderr
    assert "is no JSON" in seedsmith("mcp", "add", "x", "true").stderr
    assert file.read_text() == "{", "what could not be read is not overwritten"


def test_a_server_that_can_not_start_fails_its_test(seedsmith):
    seedsmith("mcp", "add", "broken", "--", "sh", "-c", "echo no key was given >&2; exit 1")
    done = seedsmith("mcp", "test", "broken")
    assert done.returncode == 1 and "no key was given" in done.stderr


@pytest.fixture
def browser(place, environment):
    """A browser that goes where it is sent."""
    opener = place / "browser"
    opener.write_text(
        f"#!{sys.executable}\nimport sys, urllib.request\nurllib.request.urlopen(sys.argv[1]).read()\n"
    )
    opener.chmod(0o755)
    environment["BROWSER"] = str(opener)


@pytest.mark.slow
def test_a_person_signs_in_by_their_browser(process, browser):
    with guarded_beside() as theirs:
        process("mcp", "add", "tracker", theirs.url)
        refused = process("mcp", "test", "tracker")
        assert refused.returncode == 1 and "run `seedsmith mcp login tracker`" in refused.stderr
        done = process("mcp", "login", "tracker")
        assert done.returncode == 0 and done.stdout.endswith("\nSigned in to tracker.\n"), done.stderr
        assert done.stdout.startswith("Sign in to tracker here:\nhttp://127.0.0.1:") and not done.stderr
        tried = process("mcp", "test", "tracker")
        assert tried.returncode == 0 and "  add" in tried.stdout, tried.stderr
        assert "[signed in]" in process("mcp", "list").stdout
        assert process("mcp", "logout", "tracker").stdout == "Forgot the sign-in to tracker.\n"
        assert process("mcp", "logout", "tracker").returncode == 2
        theirs.people.refuses = True
        denied = process("mcp", "login", "tracker")
        assert denied.returncode == 1 and "failed: access_denied not you" in denied.stderr
