"""A person's word for a file that other programs run: it counts for that call, and for tools alone."""

from __future__ import annotations

import pytest
from scripted_endpoint import calls, text
from small_house import Collected

from seedsmith.agent.calls.approval import Refused
from seedsmith.agent.events import ApprovalRequested, ToolFinished
from seedsmith.agent.run.run import run
from seedsmith.agent.settings.run_request import RunRequest
from seedsmith.agent.settings.settings import Settings

PATCH = """diff --git a/.vscode/tasks.json b/.vscode/tasks.json
new file mode 100644
--- /dev/null
+++ b/.vscode/tasks.json
@@ -0,0 +1 @@
+{}
"""


class Person:
    def __init__(self, says) -> None:
        self.says, self.asked = says, []

    async def approve(self, request):
        self.asked.append(request.why.partition(" is run")[0])
        return self.says


async def carry_out(endpoint, tmp_path, person, *asked):
    (tmp_path / "work").mkdir(exist_ok=True)
    options = {"model": "openai/scripted", "base_url": endpoint.base_url, "api_key": "a-key"}
    settings = Settings(workspace=tmp_path / "work", home=tmp_path / "state", **options)
    endpoint.script(*(calls(call) for call in asked), text("Done."))
    seen = Collected()
    outcome = await run(RunRequest(settings=settings, prompt="Do it"), (seen,), person)
    return outcome, seen


async def test_a_yes_lets_the_file_be_written(endpoint, tmp_path):
    (tmp_path / "work").mkdir()
    (tmp_path / "work/env").symlink_to(".envrc")
    person = Person(True)
    outcome, seen = await carry_out(
        endpoint,
        tmp_path,
        person,
        ("write", {"path": ".envrc", "content": "one\n"}),
        ("edit", {"path": "./.envrc", "old": "one", "new": "two"}),
        ("patch", {"patch": PATCH}),
        ("write", {"path": str(tmp_path / "work/.mcp.json"), "content": "{}\n"}),
        ("edit", {"path": "env", "old": "two", "new": "three"}),
    )
    assert [event.ok for event in seen.of(ToolFinished)] == [True] * 5
    assert person.asked == [".envrc", ".envrc", ".vscode/tasks.json", ".mcp.json", ".envrc"]
    work = tmp_path / "work"
    assert (work / ".envrc").read_text() == "three\n" and (work / ".vscode/tasks.json").read_text() == "{}\n"
    assert set(outcome.files_changed) == {".envrc", ".mcp.json", ".vscode/tasks.json"}


async def test_a_yes_is_for_one_call_and_for_no_command(endpoint, tmp_path):
    _, seen = await carry_out(
        endpoint,
        tmp_path,
        Person(True),
        ("write", {"path": ".envrc", "content": "mine\n"}),
        ("shell", {"command": "echo theirs > .envrc; echo theirs > .mcp.json; true"}),
    )
    assert len(seen.of(ApprovalRequested)) == 1
    assert (tmp_path / "work/.envrc").read_text() == "mine\n" and not (tmp_path / "work/.mcp.json").exists()
    told = endpoint.requests[-1].body["messages"][-1]["content"]
    assert "undone" in told and ".envrc" in told and "ask the user" in told


@pytest.mark.parametrize("person", [None, Person(Refused("not here"))])
async def test_without_one_nothing_is_written(endpoint, tmp_path, person):
    _, seen = await carry_out(endpoint, tmp_path, person, ("write", {"path": ".envrc", "content": "x"}))
    assert not seen.of(ToolFinished)[0].ok and not (tmp_path / "work/.envrc").exists()
