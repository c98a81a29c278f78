"""Ctrl-C while the program is still being loaded."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import os, signal, sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == MODULE:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
from seedsmith.agent.cli import entry
sys.argv[1:] = ["doctor"]
entry()
"""


@pytest.mark.parametrize(
    "module",
    [
        "seedsmith.agent.cli.main",
        "click",
        "seedsmith.agent.cli.flags",
        "seedsmith.sandbox.isolation.environment",
        "seedsmith.agent.cli.doctor",
    ],
)
def test_it_ends_with_one_word_and_130(module):
    program = f"MODULE = {module!r}\n{PROGRAM}"
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr.strip()) == (130, "", "seedsmith: Interrupted.")
