"""The browser in a whole run: offered where it is asked for, and what a page's picture becomes."""

from __future__ import annotations

import os

import pytest
from browser_pages import NEEDED
from present import is_present
from scripted_endpoint import calls, text
from scripted_settings import scripted_settings

from seedsmith.agent.calls.scheduler import must_wait
from seedsmith.agent.run.run import run
from seedsmith.agent.settings.run_request import RunRequest
from seedsmith.tools.browser.browser_tool import BrowserTool
from seedsmith.tools.files.write import WriteTool
from seedsmith.tools.shell.shell import ShellTool
from seedsmith.tools.shell.shell_kill import ShellKillTool

SKILL = """name: look
description: Look at the page.
instructions: Look.
tools: [read, browser]
"""


@pytest.fixture
def asked(tmp_path, endpoint):
    work, home = tmp_path / "work", tmp_path / "home"
    work.mkdir()
    home.mkdir()

    async def ask(**settings):
        made = scripted_settings(endpoint, work, tmp_path / "state", **settings)
        environment = {"HOME": str(home), "PATH": os.environ["PATH"]}
        outcome = await run(RunRequest(settings=made, prompt="Look", environment=environment))
        return outcome, [each["function"]["name"] for each in endpoint.requests[-1].body["tools"]]

    ask.work = work
    return ask


@pytest.mark.parametrize(
    ("tool", "asked"),
    [
        (WriteTool(), {"path": "a.js", "content": "1"}),
        (ShellTool(), {"command": "npm run build"}),
        (ShellKillTool(), {"id": "b1"}),
    ],
    ids=lambda each: getattr(each, "name", ""),
)
@pytest.mark.parametrize("action", ["open", "click"])
def test_what_changes_files_and_servers_keeps_its_place_among_the_steps_of_one_answer(tool, asked, action):
    browser = BrowserTool()
    step = browser.access(browser.parse({"action": action, "url": "a.html", "target": "e1"}))
    change = tool.access(tool.parse(asked))
    assert must_wait(change, step) and must_wait(step, change)


async def test_it_is_offered_by_the_setting_alone(asked, endpoint):
    endpoint.script(text("Done."), text("Done."))
    assert "browser" not in (await asked())[1]
    assert (await asked(browser=True))[1][-1] == "browser"


async def test_the_skill_that_uses_it_is_told_of_with_it_alone(asked, endpoint):
    endpoint.script(text("Done."), text("Done."))
    await asked(sandbox="off")
    await asked(sandbox="off", browser=True)
    told = ["- frontend:" in request.body["messages"][0]["content"] for request in endpoint.requests]
    assert told == [False, True]


async def test_fetch_is_offered_where_the_network_is(asked, endpoint):
    endpoint.script(text("Done."), text("Done."))
    assert "fetch" not in (await asked(sandbox="off"))[1]
    assert "fetch" in (await asked(sandbox="off", network="on"))[1]


async def test_a_named_skill_asks_for_it_by_its_tools(asked, endpoint, tmp_path):
    folder = tmp_path / "home" / ".agents" / "skills" / "look"
    folder.mkdir(parents=True)
    (folder / "skill.yaml").write_text(SKILL)
    endpoint.script(text("Done."), text("Done."))
    assert "browser" in (await asked(skill="look", skills=[]))[1]
    assert "browser" not in (await asked(skill="look", skills=[], browser=False))[1]


@pytest.mark.slow
@pytest.mark.skipif(not all(map(is_present, NEEDED)), reason=f"needs {' and '.join(NEEDED)}")
async def test_a_run_looks_at_a_page_and_leaves_nothing(asked, endpoint):
    (asked.work / "a.html").write_text("<title>T</title><button>Go</button>")
    endpoint.script(
        calls(("browser", {"action": "open", "url": "a.html"})),
        calls(("browser", {"action": "screenshot"})),
        text("Done."),
    )
    outcome, _ = await asked(browser=True, sandbox="bwrap")
    results = [each["content"] for each in endpoint.requests[-1].body["messages"] if each["role"] == "tool"]
    assert 'button "Go" [ref=e2]' in results[0] and "screenshot s1 of a.html at 1280 x 800" in results[1]
    assert outcome.status == "done" and outcome.files_changed == ()
