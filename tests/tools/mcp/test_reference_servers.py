"""The protocol's reference servers, unchanged, each as its registry has it."""

from __future__ import annotations

import asyncio
import functools
import shutil
import subprocess
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

pytestmark = pytest.mark.slow


def installed(name, *arguments, **more):
    """The entry of a server that is installed; the test is skipped where it isn't."""
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"needs {name}")
    return {"command": program, "args": list(arguments), **more}


@pytest.fixture
def work(mcp):
    """The workspace: a repository with one commit and a change."""
    root = mcp.bench.root

    def git(*arguments):
        who = ("-c", "user.name=me", "-c", "user.email=me@example.org")
        subprocess.run(("git", *who, *arguments), cwd=root, check=True, capture_output=True)

    (root / "a.txt").write_text("one\n")
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "First line")
    (root / "a.txt").write_text("one\ntwo\n")
    return root


async def test_git(mcp, work):
    mcp.open(git=installed("mcp-server-git", "--repository", "."))
    assert "git_diff_unstaged" in (await mcp.call(None, "git", "list")).text
    assert "+two" in (await mcp.call("git_diff_unstaged", "git", repo_path=".")).text
    await mcp.call("git_add", "git", repo_path=".", files=["a.txt"])
    assert "+two" in (await mcp.call("git_diff_staged", "git", repo_path=".")).text
    assert "First line" in (await mcp.call("git_log", "git", repo_path=".")).text
    failed = await mcp.call("git_show", "git", repo_path=".", revision="nothing")
    assert not failed.ok


async def test_time(mcp):
    mcp.open(time=installed("mcp-server-time", "--local-timezone", "Europe/Zurich"))
    given = {"source_timezone": "Europe/Zurich", "target_timezone": "Asia/Tokyo", "time": "12:00"}
    assert "Asia/Tokyo" in (await mcp.call("convert_time", "time", **given)).text
    assert not (await mcp.call("get_current_time", "time", timezone="Nowhere/Land")).ok


@pytest.fixture
def page(tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "page.html").write_text("<html><body><p>It is <b>late</b>.</p></body></html>")
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "site"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/page.html"
        server.shutdown()


async def test_fetch(mcp, page):
    mcp.open(fetch=installed("mcp-server-fetch", "--allow-private-ips"))
    listed = (await mcp.call(None, "fetch", "list")).text
    assert "1 tools, 1 prompts" in listed and "prompt fetch" in listed
    assert "**late**" in (await mcp.call("fetch", "fetch", url=page)).text
    assert "**late**" in (await mcp.call("fetch", "fetch", "prompt", url=page)).text
    assert not (await mcp.call("fetch", "fetch", url="http://127.0.0.1:9/")).ok


async def test_filesystem(mcp, work):
    mcp.open(files=installed("mcp-server-filesystem", "."))
    assert (await mcp.call("read_text_file", "files", path="a.txt")).text.endswith("one\ntwo\n")
    assert (await mcp.call("write_file", "files", path="b.txt", content="new\n")).ok
    assert (work / "b.txt").read_text() == "new\n"
    denied = await mcp.call("read_text_file", "files", path="/etc/passwd")
    assert not denied.ok and "outside allowed directories" in denied.text
    access = mcp.access(action="call", server="files", name="read_text_file", arguments={"path": "a.txt"})
    assert len(access.writes) == 1, "its hint lets such calls run beside each other"


@pytest.fixture
def everything(mcp):
    mcp.open(everything=installed("mcp-server-everything"))

    async def call(name, action="call", **arguments):
        return await mcp.call(name, "everything", action, **arguments)

    return call


async def test_pictures_resources_prompts_and_structures(everything):
    drawn = await everything("get-tiny-image")
    assert [image.media_type for image in drawn.images] == ["image/png"]
    assert '"temperature":' in (await everything("get-structured-content", location="New York")).text
    links = (await everything("get-resource-links", count=2)).text
    assert "resource demo://resource/dynamic/text/2" in links
    assert "plaintext resource" in (await everything("demo://resource/dynamic/text/2", "read")).text
    assert "kept as spill:" in (await everything("demo://resource/dynamic/blob/1", "read")).text
    assert "weather in Bern" in (await everything("args-prompt", "prompt", city="Bern")).text
    told = (await everything("resource-prompt", "prompt", resourceType="Text", resourceId="1")).text
    assert "demo://resource/dynamic/text/1" in told


async def test_progress_and_cancellation(mcp, everything):
    long = "trigger-long-running-operation"
    heard = asyncio.Event()
    goes_on = mcp.pool.progress

    def progress(server):
        inner = goes_on(server)

        async def hear(*told):
            heard.set()
            await inner(*told)

        return hear

    mcp.pool.progress = progress
    assert "Steps: 2" in (await everything(long, duration=0.2, steps=2)).text
    assert heard.is_set()
    heard.clear()
    call = asyncio.ensure_future(everything(long, duration=600, steps=6000))
    await asyncio.wait_for(heard.wait(), 60)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert "Echo: still there" in (await everything("echo", message="still there")).text
    await mcp.pool.close()
    assert not mcp.context.processes._running


async def test_a_question_is_put_to_the_person(mcp, everything):
    asked = []

    async def answer(text, options):
        asked.append((text, options))
        return "Ada" if text.endswith("name (Your full, legal name)?") else options[0]

    mcp.pool.ask_person = answer
    said = (await everything("trigger-elicitation-request")).text
    assert asked[0][0].startswith("The MCP server everything, a third party, asks: ")
    assert "Ada" in said
