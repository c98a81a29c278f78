"""A process's end is waited for no longer than was said, and seen whether it was looked at before or not."""

from __future__ import annotations

import subprocess

from seedsmith.sandbox.child_end import ends


def test_an_end_is_told_from_none_in_time() -> None:
    waiting = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    assert waiting.stdin is not None and not ends(waiting, 0.01)
    waiting.stdin.close()
    assert ends(waiting, 60) and waiting.wait() == 0 and ends(waiting, 0)
