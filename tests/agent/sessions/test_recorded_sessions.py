"""The sessions as a library: the example of docs/sessions.md, as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

from scripted_endpoint import calls, text

from seedsmith import Agent

PAGE = Path(__file__).parents[3] / "docs" / "sessions.md"


def test_the_example_of_the_page_works(endpoint, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEEDSMITH_HOME", str(tmp_path / "state"))
    Path("repo").mkdir()
    Path("repo/a.txt").write_text("one\n")
    endpoint.script(calls(("edit", {"path": "a.txt", "old": "one", "new": "two\nthree"})), text("Done."))
    options = {"model": "openai/scripted", "base_url": endpoint.base_url, "api_key": "k"}
    session = Agent("repo", **options).run("Fix the Rounding").session
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    exec(compile(example, str(PAGE), "exec"), {})
    first, change, *entries, forked, undone, redone = capsys.readouterr().out.splitlines()
    assert first == f"{session} done 2 None Fix the Rounding"
    assert change == "a.txt 2 1"
    assert [entry.partition("(")[0] for entry in entries] == ["Told", "Turn", "Turn", "Ended"]
    assert forked.endswith(session) and not forked.startswith(session)
    assert undone == redone == "1" and Path("repo/a.txt").read_text() == "two\nthree\n"
