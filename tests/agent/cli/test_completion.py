"""Shell completion: the script of each shell, and what a shell is told."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner

from seedsmith.agent.cli.main import seedsmith


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script(shell):
    done = CliRunner().invoke(seedsmith, ["completion", shell], prog_name="seedsmith")
    assert done.exit_code == 0 and f"_SEEDSMITH_COMPLETE={shell}_complete" in done.output


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("seedsmith ", "plain,fix"),
        ("seedsmith sk", "plain,skills"),
        ("seedsmith run --max-t", "plain,--max-turns"),
    ],
)
def test_commands_and_flags_are_offered(words, offered):
    bash = shutil.which("bash")
    assert bash is not None
    environment = {
        **os.environ,
        "_SEEDSMITH_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    command = [sys.executable, "-P", "-m", "seedsmith"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert offered in done.stdout.split("\n"), done.stderr
