"""MCP servers in a whole run: what they add to a request, whom a run starts, and what policy says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from scripted_endpoint import calls, text
from scripted_settings import scripted_settings
from small_house import Collected

from seedsmith.agent.errors import UsageError
from seedsmith.agent.events import NoticeGiven, ToolFinished
from seedsmith.agent.run.run import run
from seedsmith.agent.run.server_prompts import values_of, what_skills_do
from seedsmith.agent.settings.mcp_servers import find_servers, trusted_servers
from seedsmith.agent.settings.run_request import RunRequest
from seedsmith.tools.mcp.known_offers import KnownOffers, Offer, Offered

SERVER = Path(__file__).parents[2] / "support" / "mcp_server.py"


class Place:
    """A workspace, a user's folder of configuration, and a scripted model."""

    def __init__(self, tmp_path, endpoint):
        self.endpoint, self.work, self.home = endpoint, tmp_path / "work", tmp_path / "state"
        self.work.mkdir()
        self.environment = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "HOME": str(tmp_path)}
        self.environment["PATH"] = "/usr/bin:/bin"
        self.file = tmp_path / "config" / "seedsmith" / "mcp.json"
        self.file.parent.mkdir(parents=True)
        self.seen = Collected()

    def write(self, servers):
        self.file.write_text(json.dumps({"mcpServers": servers}))

    def settings(self, **more):
        return scripted_settings(self.endpoint, self.work, self.home, **more)

    async def run(self, prompt="Do it", **settings):
        made = self.settings(**settings)
        request = RunRequest(settings=made, prompt=prompt, environment=self.environment)
        return await run(request, (self.seen,))

    def told(self):
        return [each.message for each in self.seen.of(NoticeGiven) if each.code == "mcp"]

    def tools(self, number=0):
        return [each["function"]["name"] for each in self.endpoint.requests[number].body["tools"]]


@pytest.fixture
def place(tmp_path, endpoint):
    return Place(tmp_path, endpoint)


def example(place, **more):
    return {"command": sys.executable, "args": [str(SERVER)], "folders": [str(SERVER.parent)], **more}


def size(request):
    return len(json.dumps(request.body, ensure_ascii=False).encode())


async def test_ten_servers_add_little_to_the_first_request_and_none_is_started(place):
    place.endpoint.script(text("Done."), text("Done."))
    await place.run()
    assert "mcp" not in place.tools(), "nobody pays for what nobody asked for"
    started = place.work / "started"
    place.write({f"server-{number}": {"command": "touch", "args": [str(started)]} for number in range(10)})
    known = KnownOffers(place.home / "mcp-servers")
    offer = Offer(tuple(Offered(f"a_tool_with_a_long_name_{number}", "x" * 4000) for number in range(40)))
    for found in find_servers(place.work, place.home, place.environment):
        known.keep(found.server, offer)
    await place.run()
    assert "mcp" in place.tools(1)
    assert size(place.endpoint.requests[1]) - size(place.endpoint.requests[0]) <= 1_500
    assert "server-9: a_tool_with_a_long" in json.dumps(place.endpoint.requests[1].body)
    assert not started.exists()


def test_a_start_with_servers_imports_neither_the_sdk_nor_what_speaks_to_them(place):
    place.write({"example": example(place)})
    program = (
        "import sys; from pathlib import Path\n"
        "from seedsmith.agent.run.mcp_servers import open_servers\n"
        "from seedsmith.agent.settings.settings import Settings\n"
        f"work, home = Path({str(place.work)!r}), Path({str(place.home)!r})\n"
        f"found = open_servers(Settings(), work, home, {place.environment!r})\n"
        "assert found.pool is not None\n"
        "heavy = ('mcp', 'mcp_types', 'anyio', 'httpx2')\n"
        "print([name for name in sys.modules if name.partition('.')[0] in heavy])"
    )
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_a_server_is_used_in_the_sandbox_and_ends_with_the_run(place):
    place.write({"example": example(place, env={"TOKEN": "${A_TOKEN}"})})
    place.environment |= {"A_TOKEN": "for-the-server-only", "OTHER_API_KEY": "hidden-from-all"}
    (place.file.parent / "secret").write_text("home-secret")
    call = {"action": "call", "server": "example"}
    place.endpoint.script(
        calls(("mcp", {**call, "name": "add", "arguments": {"a": 20, "b": 22}})),
        calls(("mcp", {**call, "name": "write", "arguments": {"path": "made.txt", "text": "by it"}})),
        calls(("mcp", {**call, "name": "look", "arguments": {"path": str(place.file.parent / "secret")}})),
        calls(("mcp", {**call, "name": "variables"})),
        text("Done."),
    )
    outcome = await place.run()
    assert outcome.status == "done" and list(outcome.files_changed) == ["made.txt"]
    added, written, looked, variables = place.seen.of(ToolFinished)
    assert added.ok and written.ok and not looked.ok
    said = place.endpoint.requests[4].body["messages"][-1]["content"]
    assert "[From the MCP server example, a third party" in said
    assert "hidden-from-all" not in said and "TOKEN=" in said


async def test_plans_change_nothing_whatever_a_server_hints(place):
    place.write({"example": example(place)})
    known = KnownOffers(place.home / "mcp-servers")
    found = find_servers(place.work, place.home, place.environment)[0]
    known.keep(found.server, Offer((Offered("add", "Adds.", {"type": "object"}, reads_only=True),)))
    call = {"action": "call", "server": "example", "name": "add", "arguments": {"a": 1, "b": 1}}
    place.endpoint.script(calls(("mcp", call)), calls(("mcp", {"action": "list"})), text("A plan."))
    await place.run(approve="plan")
    called, listed = place.seen.of(ToolFinished)
    assert not called.ok and listed.ok
    assert "only plans" in place.endpoint.requests[1].body["messages"][-1]["content"]


async def test_a_repositorys_servers_wait_for_trust_and_widen_nothing(place):
    entry = {"command": "touch", "args": ["started"], "network": "on", "folders": ["/root"]}
    (place.work / ".mcp.json").write_text(json.dumps({"mcpServers": {"theirs": entry}}))
    place.endpoint.script(text("Done."), text("Done."), text("Done."))
    await place.run()
    assert "mcp" not in place.tools() and "is not trusted" in place.told()[0]
    found = find_servers(place.work, place.home, place.environment)[0]
    trusted_servers(place.home).add(found.digest, "theirs")
    await place.run()
    assert "mcp" in place.tools(1)
    server = find_servers(place.work, place.home, place.environment)[0].server
    assert not server.network and not server.folders
    changed = {**entry, "args": ["other"]}
    (place.work / ".mcp.json").write_text(json.dumps({"mcpServers": {"theirs": changed}}))
    await place.run()
    assert "mcp" not in place.tools(2), "a changed one is another"


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b'{"mcpServers": 3}', b"\xff", b'{"mcpServers": {"a": {}}}', b"[" * 100_000]
)
async def test_a_repositorys_broken_file_stops_nothing(place, content):
    (place.work / ".mcp.json").write_bytes(content)
    place.endpoint.script(text("Done."))
    assert (await place.run()).status == "done"
    assert "mcp" not in place.tools()


async def test_a_file_that_leads_out_of_the_repository_is_not_read(place, tmp_path):
    outside = tmp_path / "outside.json"
    outside.write_text(json.dumps({"mcpServers": {"theirs": {"command": "true"}}}))
    (place.work / ".mcp.json").symlink_to(outside)
    place.endpoint.script(text("Done."))
    assert (await place.run()).status == "done"
    assert "theirs" not in "".join(place.told())


REVIEW = Offered("review", "How to review. Thoroughly.", {"what": "", "how": ""})


@pytest.mark.slow
async def test_a_prompt_of_a_server_is_named_as_a_skill_is(place):
    place.write({"example": example(place)})
    assert what_skills_do(place.settings(), place.environment).get("example:review") is None
    place.endpoint.script(text("Done."), text("Done."))
    await place.run(skill="example:review", prompt="x.py")
    said = place.endpoint.requests[0].body["messages"][-1]["content"]
    assert said == (
        "The user chose the prompt review of the MCP server example. It says:\n\nReview x.py with care."
    )
    assert what_skills_do(place.settings(), place.environment)["example:review"] == "How to review."
    await place.run(skill="example:review", skill_with={"what": "y.py"}, prompt="Be quick")
    said = place.endpoint.requests[1].body["messages"][-1]["content"]
    assert said.endswith("Review y.py with care.\n\nBe quick")
    place.write({"example": {"command": "false"}})
    assert "example:review" not in what_skills_do(place.settings(), place.environment)
    (place.file.parent / "mcp.json").write_text("{")
    assert "review" in what_skills_do(place.settings(), place.environment)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"skill": "exampel:review"}, "no MCP server 'exampel' to use .did you mean 'example'"),
        ({"skill": "example:revue"}, "The MCP server example has no prompt 'revue'"),
        ({"skill": "example:review"}, "Missing required arguments"),
        ({"skill": "example:review", "approve": "plan"}, "a plan starts no MCP server"),
        ({"skill": "broken:any"}, "no key was given"),
    ],
)
async def test_a_prompt_that_cannot_be_had_is_wrong_usage(place, settings, said):
    broken = {"command": "sh", "args": ["-c", "echo no key was given >&2; exit 1"]}
    place.write({"example": example(place), "broken": broken})
    with pytest.raises(UsageError, match=said):
        await place.run(**settings, prompt="")
    assert not place.endpoint.requests


@pytest.mark.parametrize(
    ("given", "typed", "values", "rest"),
    [
        ({}, "x.py", {"what": "x.py"}, ""),
        ({}, "x.py with great care", {"what": "x.py", "how": "with great care"}, ""),
        ({}, "how=fast 'a b.py'", {"what": "a b.py", "how": "fast"}, ""),
        ({}, "how=fast a b", {"what": "a b", "how": "fast"}, ""),
        ({"what": "x.py"}, "don't rush", {"what": "x.py", "how": "don't rush"}, ""),
        ({"what": "x.py", "how": 3}, "and go on", {"what": "x.py", "how": "3"}, "and go on"),
        ({}, " ", {}, " "),
        ({}, "what= how=x go on", {"what": "", "how": "x"}, "go on"),
    ],
)
def test_words_fill_what_is_open(given, typed, values, rest):
    assert values_of(REVIEW, given, typed) == (values, rest)
