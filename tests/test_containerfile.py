"""The Containerfile's steps, as far as they go without a daemon: what they copy, run and start is there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILE = ROOT / ".ci" / "Containerfile"
STEPS = [
    tuple(line.split(maxsplit=1))
    for line in FILE.read_text().replace("\\\n", " ").splitlines()
    if line.strip() and not line.startswith("#")
]
KNOWN = {"FROM", "RUN", "COPY", "ENV", "USER", "WORKDIR", "ENTRYPOINT", "CMD"}


def the(name):
    return [rest for step, rest in STEPS if step == name]


def test_every_step_is_one_and_the_first_names_an_image_whose_python_is_new_enough():
    assert {step for step, _ in STEPS} <= KNOWN and STEPS[0][0] == "FROM"
    version = re.search(r"python:(\d+)\.(\d+)", STEPS[0][1])
    assert (int(version[1]), int(version[2])) >= (3, 11)


@pytest.mark.parametrize("command", the("RUN"))
def test_what_is_run_is_shell(command):
    assert subprocess.run(["sh", "-n", "-c", command]).returncode == 0


def test_what_is_installed_is_an_extra_of_the_project_and_what_starts_is_its_program(tmp_path):
    import tomllib

    (extras,) = re.findall(r"'/source\[([^\]]+)\]'", " ".join(the("RUN")))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(extras.split(",")) <= project["optional-dependencies"].keys()
    (program,), (command,) = json.loads(the("ENTRYPOINT")[0]), json.loads(the("CMD")[0])
    done = subprocess.run(
        [str(Path(sys.executable).with_name(program)), command, "--help"], cwd=tmp_path, capture_output=True
    )
    assert done.returncode == 0


def test_the_program_does_not_run_as_root_and_works_in_a_folder_of_its_own():
    names = [step for step, _ in STEPS]
    (user,), (folder,) = the("USER"), the("WORKDIR")
    assert names.index("USER") > max(index for index, name in enumerate(names) if name == "RUN")
    made = " ".join(the("RUN"))
    assert f"useradd --create-home {user}" in made and f"chown {user} {folder}" in made
