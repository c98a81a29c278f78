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
        ("seedsmith run -m wcode/", "plain,wcode/doubao-seed-2.0-code"),
        ("seedsmith run --skill ren", "plain,rename-symbol"),
        ("seedsmith run --effort l", "plain,low"),
        ("seedsmith run --resume l", "plain,last"),
        ("seedsmith sessions show l", "plain,last"),
        ("seedsmith tool gr", "plain,grep"),
        ("seedsmith config get max_t", "plain,max_turns"),
        ("seedsmith run -C ", "dir,"),
    ],
)
def test_commands_and_flags_are_offered(words, offered):
    environment = {
        "_SEEDSMITH_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    done = CliRunner().invoke(seedsmith, prog_name="seedsmith", env=environment)
    assert offered in done.output.split("\n")


SHELLS = {
    "bash": "source <(seedsmith completion bash); COMP_WORDS=(seedsmith run --max-tu); COMP_CWORD=2; "
    "_seedsmith_completion seedsmith; printf '%s\\n' \"${COMPREPLY[@]}\"",
    "zsh": "autoload -Uz compinit; compinit -u -d $ZDOTDIR/dump; source <(seedsmith completion zsh); "
    "compadd() { print -l -- $@ }; _describe() { print -l -- ${(P)@[-1]} ${(P)@[-2]} }; "
    "words=(seedsmith run --max-tu); CURRENT=3; _seedsmith_completion",
    "fish": "seedsmith completion fish | source; complete -C 'seedsmith run --max-tu'",
}
DESCRIBED = "Command that proves the work; run before, and after the model says it is done."


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_itself_completes(shell, tmp_path):
    assert "--max-turns" in completed(shell, SHELLS[shell], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_what_describes_a_flag_is_whole(shell, tmp_path):
    assert DESCRIBED in completed(shell, SHELLS[shell].replace("--max-tu", "--veri"), tmp_path)


def completed(shell, script, tmp_path):
    """What ``shell`` prints by ``script``."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"needs {shell}")
    folder = os.path.dirname(sys.executable)
    environment = {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "ZDOTDIR": str(tmp_path),
        "LANG": "C.UTF-8",
        "TERM": "dumb",
    }
    done = subprocess.run([program, "-c", script], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout
