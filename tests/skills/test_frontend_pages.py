"""The skill frontend on pages with a fault each (plain HTML, React, Vue): mended, shown, replayed offline.

``SEEDSMITH_WRITE_SCREENS=1 pytest tests/skills/test_frontend_pages.py`` writes the README's pictures anew.
"""

from __future__ import annotations

import base64
import io
import os
import re
import shutil
from pathlib import Path

import pytest
import yaml
from browser_pages import NEEDED
from PIL import Image
from present import PAGES, is_present, npm_packages
from record_skills import answers

from seedsmith.agent.frontends.session_html import page
from seedsmith.agent.run.run import run
from seedsmith.agent.sessions.outcome import Outcome
from seedsmith.agent.sessions.recorded_sessions import Sessions
from seedsmith.agent.settings.run_request import RunRequest
from seedsmith.agent.settings.settings import Settings

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures"
WRITES = "SEEDSMITH_WRITE_SCREENS"
"""The variable that has pictures written."""
PLAYED = yaml.safe_load((PAGES / "answers.yaml").read_text(encoding="utf-8"))
SHOWN = ("frontend-before", "frontend-after")


def made_workspace(kind: str, folder: Path) -> Path:
    """The page as it was, with its packages."""
    shutil.copytree(PAGES / kind, folder)
    if PLAYED[kind].get("packages"):
        packages = npm_packages()
        assert packages is not None
        shutil.copytree(packages, folder / "node_modules", symlinks=True)
    return folder


def told(request) -> tuple[str, str]:
    """What the tools said to the model's first answer, and to its second."""
    answers: list[str] = []
    for message in request.body["messages"]:
        if message["role"] == "assistant":
            answers.append("")
        elif message["role"] == "tool":
            answers[-1] += f"{message['content']}\n"
    first, second = answers
    return first, second


async def played(kind: str, folder: Path, **more: object) -> Outcome:
    """A run of the skill on a fresh copy of the page."""
    settings = Settings(
        workspace=made_workspace(kind, folder / "work"),
        home=folder / "state",
        sandbox="bwrap",
        skill="frontend",
        skill_with=PLAYED[kind]["with"],
        **more,
    )
    environment = {"HOME": str(folder), "PATH": os.environ["PATH"]}
    return await run(RunRequest(settings=settings, environment=environment))


@pytest.mark.slow
@pytest.mark.xdist_group("pages")
@pytest.mark.parametrize("kind", PLAYED)
async def test_a_page_is_mended_and_shown_and_replayed_offline(kind, endpoint, tmp_path):
    script = PLAYED[kind]
    needed = (*NEEDED, *(("npm packages",) if script.get("packages") else ()))
    if missing := [name for name in needed if not is_present(name)]:
        pytest.skip(f"needs {' and '.join(missing)}")
    endpoint.script(*answers(script["answers"]))
    service = {
        "model": "openai/doubao-seed-2.0-code",
        "base_url": endpoint.base_url,
        "api_key": "a-key-for-tests",
    }
    recording = tmp_path / "run.jsonl"
    outcome = await played(kind, tmp_path / "live", record=recording, **service)
    assert outcome.status == "done" and "Screenshots: s1 before; s2" in outcome.message
    first, second = told(endpoint.requests[-1])
    assert [said for said in script["before"] if said not in first] == []
    assert [said for said in script["after"] if said not in second] == []

    session = Sessions(tmp_path / "live" / "state").open(outcome.session, tmp_path / "live" / "work")
    html = "".join(page(session.summary, session.history(), session.diff()))
    shown = [base64.b64decode(each) for each in re.findall(r'<img src="data:image/png;base64,([^"]+)"', html)]
    widths = [Image.open(io.BytesIO(each)).width for each in shown]
    assert widths == [375, 375, 768, 1280] and shown[0] != shown[1]
    if kind == "react" and os.environ.get(WRITES):
        for name, picture in zip(SHOWN, shown, strict=False):
            (PICTURES / f"{name}.png").write_bytes(picture)

    requests = len(endpoint.requests)
    again = await played(kind, tmp_path / "again", replay=recording)
    assert again.comparison is not None and again.comparison.agrees, again.message
    assert len(endpoint.requests) == requests


def test_the_readme_shows_the_page_before_and_after():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in SHOWN:
        picture = PICTURES / f"{name}.png"
        assert f"(docs/pictures/{name}.png)" in readme and picture.stat().st_size < 30_000
        assert Image.open(picture).size == (375, 330)
