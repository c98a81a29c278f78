"""What pages do to a browser: it stays one clear sentence, and nothing is left running."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from browser_pages import made_pages
from waiting import until

from seedsmith.tools.base import ToolError
from seedsmith.tools.browser.browser import current
from seedsmith.tools.browser.chromium import quiet_arguments

TOO_BUSY = "browser: the page is too busy to answer; open it anew, and a new browser is started."

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.slow
async def test_other_hosts_files_and_schemes_are_not_opened(pages):
    assert "reaches none but what --network names" in await pages.refused("open", url="https://example.org/")
    assert "10.0.0.1:80 is another host" in await pages.refused("open", url="http://10.0.0.1/")
    assert "leads out of the workspace" in await pages.refused("open", url="file:///etc/passwd")
    assert "leads out of the workspace" in await pages.refused("open", url="../state")
    assert "are not opened" in await pages.refused("open", url="chrome://settings")
    assert "are not opened" in await pages.refused("open", url="javascript:alert(1)")
    assert "does not exist" in await pages.refused("open", url="none.html")


@pytest.mark.slow
async def test_a_page_reaches_no_other_host_and_no_file(pages):
    await pages.show(
        "<img src='http://192.0.2.1/x.png'><script>"
        "const p = document.createElement('p'); document.body.append(p);"
        "fetch('file:///etc/passwd').then(a => a.text()).then(a => p.textContent = a)"
        ".catch(() => p.textContent = 'kept out')</script>"
    )
    assert (await pages.do("wait", text="kept out")).ok
    assert "ERR_" in (await pages.do("requests")).text and "192.0.2.1" in (await pages.do("requests")).text
    above = "fetch('/../../../../etc/passwd').then(a => 'status ' + a.status)"
    assert "status 404" in (await pages.do("evaluate", text=above)).text


@pytest.mark.slow
async def test_dialogs_windows_and_downloads_are_answered_and_told(pages):
    await pages.show(
        "<button onclick=\"this.textContent = confirm('Sure?')\">Ask</button>"
        "<button onclick=\"window.open('about:blank')\">Window</button>"
        "<a download=x.txt href='data:text/plain,x'>Load</a>"
    )
    asked = await pages.do("click", target="text=Ask")
    assert "A dialog (confirm) was dismissed: Sure?" in asked.text and '"false"' in asked.text
    await pages.tells("A window the page opened was closed", await pages.do("click", target="text=Window"))
    await pages.tells("A download was refused: x.txt", await pages.do("click", target="text=Load"))
    opened = current(pages.context).page.context
    await until(lambda: len(opened.pages) == 1, lambda: f"the end of {opened.pages}")


@pytest.mark.slow  # a browser of its own
async def test_a_page_that_does_nothing_but_ask_is_ended_with_its_browser(pages):
    pages.put("page.html", "<p>one<script>for (;;) alert(1)</script>")
    said = await pages.refused("open", url="page.html")
    assert said.startswith("browser: the page opened more than 30 dialogs, windows or downloads at once, so")
    assert current(pages.context) is None
    assert "again" in (await pages.show("<p>again")).text


@pytest.mark.slow
async def test_a_server_that_never_answers_costs_one_call(pages, monkeypatch):
    program = "import socket, time; s = socket.create_server(('127.0.0.1', 8766)); print(1, flush=True)"
    program += "; time.sleep(99)"
    server = pages.context.processes.converse(("python3", "-c", program))
    await server.receive()
    try:
        with monkeypatch.context() as patch:
            patch.setattr("seedsmith.tools.browser.actions.LOAD_SECONDS", 1.0)
            assert "did not answer in 1 seconds" in await pages.refused("open", url="http://127.0.0.1:8766/")
    finally:
        await server.stop("over")
    assert "nothing answers there" in await pages.refused("open", url="http://127.0.0.1:8766/")
    assert "Well" in (await pages.show("<p>Well")).text


@pytest.mark.slow
async def test_a_target_that_is_missing_or_covered_is_said(pages):
    await pages.show(
        "<button id=under style='position:absolute;top:0;left:0'>Under</button>"
        "<div style='position:absolute;inset:0'>over</div><button disabled id=off>Off</button>"
    )
    assert "another element lies over #under" in await pages.refused("click", target="#under")
    assert "is not on the page" in await pages.refused("click", target="e999")
    assert "fits several elements" in await pages.refused("click", target="button")
    assert "needs target and text" in await pages.refused("type")


@pytest.mark.slow
async def test_a_huge_page_is_cut_and_can_be_read_back(pages):
    opened = await pages.show("<ul>" + "".join(f"<li>row {n}" for n in range(3000)) + "</ul>")
    assert len(opened.text) < 14_000 and "characters more: read spill:" in opened.text


@pytest.mark.slow  # a browser of its own
async def test_a_page_that_hangs_is_ended_with_its_browser(pages, monkeypatch):
    await pages.show("<p>soon")
    monkeypatch.setattr("seedsmith.tools.browser.browser_tool._SECONDS", 2.0)
    assert "did not answer in 2 seconds" in await pages.refused("evaluate", text="for (;;) {}")
    assert current(pages.context) is None
    monkeypatch.undo()
    assert "no page is open" in await pages.refused("outline")
    assert "again" in (await pages.show("<p>again")).text


@pytest.mark.slow  # a browser of its own
async def test_a_browser_that_was_killed_is_started_anew(pages):
    await pages.show("<p>one")
    await current(pages.context)._chromium._talk.running.stop("killed by the test")
    assert "two" in (await pages.show("<p>two")).text


@pytest.mark.slow
async def test_hosts_are_reached_by_the_user_s_word_alone(tmp_path):
    made = made_pages(tmp_path, allow=("192.0.2.7",))
    asked = []
    made.context.processes.network.report = asked.append
    try:
        await made.show("<img src='http://192.0.2.8/x.png'><p>here")
        assert "403" in (await made.do("requests")).text or "ERR_" in (await made.do("requests")).text
        assert "reaches none but" in await made.refused("open", url="http://192.0.2.9/")
    finally:
        await made.context.background.end("over")
        made.context.processes.close()
        made.context.workspace.close()
    assert {(each.host, bool(each.refused)) for each in asked} == {("192.0.2.8", True)}


async def test_chromium_asks_its_maker_for_nothing_whatever_playwright_says():
    given = [
        "--no-sandbox",
        "--disable-features=Translate,B",
        "--headless",
        "--disable-features=A",
    ]
    quiet = quiet_arguments(given)
    assert [word for word in quiet if word.startswith("--disable-features")] == [
        "--disable-features=Translate,B,A,NetworkTimeServiceQuerying"
    ]
    assert quiet[-1] == "--headless" and "--no-sandbox" not in quiet


@pytest.mark.slow
async def test_nothing_is_left_when_the_session_ends(tmp_path, monkeypatch):
    own = Path(
        tempfile.mkdtemp(prefix="b-")
    )  # other tests' browsers run beside this one; sockets want it short
    monkeypatch.setattr(tempfile, "tempdir", str(own))
    made = made_pages(tmp_path)
    await made.show("<p>here")
    chromium = current(made.context)._chromium
    root = chromium._talk.running._started.root
    await made.context.background.end("over")
    made.context.processes.close()
    made.context.workspace.close()
    status = Path(f"/proc/{root}/stat")
    assert not status.exists() or status.read_text().rpartition(")")[2].split()[0] in "ZX"
    assert not list((tmp_path / "tmp").glob("browser-*"))
    own.rmdir()  # it is empty


async def test_what_is_missing_is_said(bench, monkeypatch):
    from seedsmith.tools.base import ToolError
    from seedsmith.tools.browser.browser_tool import BrowserTool

    tool = BrowserTool()

    async def said():
        with pytest.raises(ToolError) as caught:
            await tool.run(tool.parse({"action": "open", "url": "x.html"}), bench.context)
        return str(caught.value)

    monkeypatch.setattr("seedsmith.tools.browser.chromium.NAMES", ("no-such-program",))
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert "No Chromium is found: install one" in await said()
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert "as root outside the sandbox" in await said()
    monkeypatch.setitem(sys.modules, "playwright.async_api", None)
    assert "extra browser" in await said()


@pytest.mark.slow  # a browser of its own
async def test_a_page_too_busy_to_be_looked_at_is_left_with_its_browser_and_screenshots_stay(
    pages, monkeypatch
):
    await pages.show("<p>one")
    kept = (await pages.do("screenshot")).text.split("\n")[1].partition(":")[0]
    await pages.show("<button onclick='setTimeout(() => { for (;;); })'>Go</button>")
    monkeypatch.setattr("seedsmith.tools.browser.actions._LOOK_SECONDS", 1.0)
    before = current(pages.context)
    with suppress(ToolError):  # it may be looked at before it is busy
        await pages.do("click", target="button")
    for action, target in (("text", None), ("outline", "button"), ("screenshot", "button")):
        assert await pages.refused(action, target=target) == TOO_BUSY, action
    monkeypatch.undo()
    assert "two" in (await pages.show("<p>two")).text
    assert current(pages.context) is not before
    assert "pixels differ" in (await pages.do("compare", first=kept)).summary


@pytest.mark.slow  # a browser of its own
async def test_a_page_that_grows_busy_after_its_outline_is_left_too(pages, monkeypatch):
    await pages.show("<p>one")
    browser = current(pages.context)
    monkeypatch.setattr("seedsmith.tools.browser.actions._LOOK_SECONDS", 1.0)
    outline = browser.page.aria_snapshot

    async def then_busy(**options):
        said = await outline(**options)
        with suppress(Exception):
            async with asyncio.timeout(0.5):
                await browser.page.evaluate("() => { for (;;); }")
        return said

    monkeypatch.setattr(browser.page, "aria_snapshot", then_busy)
    said = await pages.refused("press", text="Tab")
    monkeypatch.undo()
    assert said == TOO_BUSY
    assert "two" in (await pages.show("<p>two")).text
    assert current(pages.context) is not browser


@pytest.mark.slow  # a browser of its own
async def test_a_page_that_keeps_the_next_from_coming_is_told_to_be_busy_and_left(pages, monkeypatch):
    await pages.show("<p>one")
    browser = current(pages.context)
    with suppress(Exception):
        async with asyncio.timeout(0.5):
            await browser.page.evaluate("() => { for (;;); }")
    monkeypatch.setattr("seedsmith.tools.browser.actions.LOAD_SECONDS", 2.0)
    assert await pages.refused("open", url="page.html") == TOO_BUSY
    monkeypatch.undo()
    assert "two" in (await pages.show("<p>two")).text
    assert current(pages.context) is not browser


@pytest.mark.slow
async def test_where_nothing_answers_no_page_is_open(pages):
    await pages.show("<p>one")
    said = await pages.refused("open", url="http://127.0.0.1:8767/")
    assert said == (
        "browser: http://127.0.0.1:8767/ can't be opened: nothing answers there; is its server running?"
    )
    assert "no page is open" in await pages.refused("click", target="p")


@pytest.mark.slow
async def test_a_value_that_refers_to_itself_is_said(pages):
    await pages.show("<p>here")
    assert "refers to itself" in await pages.refused("evaluate", text="const a = {}; a.a = a; a")


@pytest.mark.slow
async def test_a_frame_that_is_kept_out_does_not_cost_each_look(pages):
    opened = await pages.show("<p>here<iframe src='file:///etc/passwd'></iframe>")
    assert "here" in opened.text and "iframe" in opened.text
    assert not all(frame.url for frame in current(pages.context).page.frames)


@pytest.mark.slow
async def test_a_file_for_a_browser_that_is_gone_tells_nobody(pages):
    from playwright.async_api import Error

    handed = []

    class Gone:
        request = SimpleNamespace(url="http://workspace.localhost/page.html", method="GET")

        async def fulfill(self, **given):
            handed.append(given["body"])
            raise Error("Target page, context or browser has been closed")

    await pages.show("<p>here")
    await current(pages.context).site.answer(Gone())
    assert handed == [b"<p>here"]
