"""``skills new`` writes where the user and the agent can go on writing."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from scripted_endpoint import calls, text


def new(seedsmith, *arguments) -> str:
    told = [
        sys.executable,
        "-P",
        "-m",
        "seedsmith",
        "skills",
        "new",
        *arguments,
        "-C",
        str(seedsmith.workspace),
    ]
    done = subprocess.run(
        told, cwd="/", env=seedsmith.environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.slow
def test_a_new_skill_can_be_edited_by_the_agent(seedsmith, endpoint):
    folder = new(seedsmith, "tidy")
    assert folder == str(seedsmith.workspace / ".agents" / "skills" / "tidy")
    path = ".agents/skills/tidy/skill.yaml"
    edit = ("edit", {"path": path, "old": "version:", "new": "# changed\nversion:"})
    endpoint.script(calls(("read", {"path": path})), calls(edit), text("Done."))
    done = seedsmith.run("Change the skill")
    assert (done.code, done.last["files_changed"]) == (0, [path])


def test_a_new_skill_of_the_user_s_own_stands_in_the_home_folder(seedsmith):
    assert new(seedsmith, "tidy", "--user") == str(seedsmith.user / ".agents" / "skills" / "tidy")
    assert not os.listdir(seedsmith.workspace)
