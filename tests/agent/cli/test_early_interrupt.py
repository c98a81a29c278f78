"""Ctrl-C while the program is still being loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROGRAM = """
import os, signal, sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == MODULE:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
from agent.cli import entry
sys.argv[1:] = ["doctor"]
entry()
"""


@pytest.mark.parametrize(
    "module", ["agent.cli.main", "click", "agent.cli.flags", "sandbox.environment", "agent.cli.doctor"]
)
def test_it_ends_with_one_word_and_130(module):
    program = f"MODULE = {module!r}\n{PROGRAM}"
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        env={**os.environ, "PYTHONPATH": os.fspath(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr.strip()) == (130, "", "seedsmith: Interrupted.")
