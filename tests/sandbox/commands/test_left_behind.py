"""What a killed agent left of a session is ended when that goes on, and nothing else is."""

from __future__ import annotations

import subprocess
import sys

from seedsmith.sandbox.commands.left_behind import end_left_behind

WAITS = "import sys; print(1, flush=True); sys.stdin.read()"


def waiting(*arguments):
    command = [sys.executable, "-c", WAITS, *map(str, arguments)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdout.readline()
    return process


def test_only_what_shows_the_sessions_own_folder_is_ended(tmp_path):
    left = waiting("--bind", tmp_path / "a/tmp", "/tmp")
    others = [waiting("--bind", tmp_path / "b/tmp", "/tmp"), waiting(tmp_path / "a/tmp")]
    assert end_left_behind(tmp_path / "a/tmp") == 1
    assert left.wait() == -9 and all(each.poll() is None for each in others)
    for each in (left, *others):
        each.kill()
        each.communicate()
