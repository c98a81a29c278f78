"""A workspace, and runs in it whose model may call helpers."""

import pytest

from seedsmith.agent.run.run import run
from seedsmith.agent.settings.run_request import RunRequest
from seedsmith.agent.settings.settings import Settings


@pytest.fixture
def place(tmp_path):
    (tmp_path / "work").mkdir()
    (tmp_path / "work/a.txt").write_text("one\n")
    (tmp_path / "home").mkdir()
    return tmp_path


@pytest.fixture
def work(place, endpoint):
    """Carry out a prompt with helpers."""

    async def carry_out(*front_ends, prompt="Find out", approver=None, **more):
        options = {"subagents": True, "workspace": place / "work", "home": place / "state", **more}
        settings = Settings(
            model="openai/doubao-seed-2.0-code", base_url=endpoint.base_url, api_key="a-key", **options
        )
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(place / "home")}
        request = RunRequest(settings=settings, prompt=prompt, environment=environment)
        return await run(request, front_ends, approver)

    return carry_out
