"""A start loads nothing that it does not need; what the first answer needs is loaded while it is awaited."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from types import SimpleNamespace
from seedsmith.agent.run import open_calls, run

LATER = ("seedsmith.agent.models.leaks", "seedsmith.tools.shell")

def loaded():
    return [name for name in sys.modules if name.startswith(LATER)]

assert not loaded(), loaded()
looked = []
processes = SimpleNamespace(prove=lambda: None, look_around=lambda: looked.append(1))
open_calls._look_around(processes, False, runs_commands=True)
assert not loaded(), loaded()
open_calls._look_around(processes, True, runs_commands=bool(int(sys.argv[1])))
print(len(looked), *loaded())
"""


@pytest.mark.parametrize("runs_commands", [True, False])
def test_what_the_first_answer_needs_is_loaded_beside_its_question_and_no_earlier(runs_commands):
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(int(runs_commands))], capture_output=True, text=True, check=True
    )
    looked, *loaded = told.stdout.split()
    assert looked == "2" and "seedsmith.agent.models.leaks.text_hold" in loaded
    assert ("seedsmith.tools.shell.shell" in loaded) is runs_commands
