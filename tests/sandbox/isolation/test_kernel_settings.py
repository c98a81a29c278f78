"""The kernel's own settings, which root could write through ``/proc`` and ``/sys``: nobody writes them."""

from __future__ import annotations

import sys

OPEN_EVERYTHING = """
import os, sys
opened = []
for top in sys.argv[1:]:
    for folder, folders, files in os.walk(top):
        folders[:] = [] if folder.count("/") > 7 else folders
        for name in files:
            path = os.path.join(folder, name)
            if os.path.islink(path):
                continue
            try:
                os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
            except OSError:
                continue
            opened.append(path)
print(len(opened), opened[:5])
"""


async def test_no_setting_can_be_opened_for_writing(runner) -> None:
    tops = ("irq", "bus", "fs", "pressure", "sys/kernel", "sys/vm", "sys/fs")
    folders = [*(f"/proc/{name}" for name in tops), "/sys/kernel", "/sys/power", "/sys/module/kernel"]
    result = await runner.run((sys.executable, "-c", OPEN_EVERYTHING, *folders), timeout=60)
    assert (result.exit_code, result.head) == (0, b"0 []\n"), result


async def test_no_file_of_proc_can_be_opened_for_writing(runner) -> None:
    names = "sysrq-trigger mtrr latency_stats timer_stats kmsg self/oom_score_adj 1/oom_score_adj"
    command = f"for name in {names}; do {{ true >>/proc/$name; }} 2>/dev/null && echo $name; done"
    assert (await runner.run(command, timeout=60)).head == b""


async def test_output_still_goes_where_proc_leads(runner) -> None:
    """``/dev/stderr`` and its like are links of ``/proc`` to what was open before."""
    result = await runner.run("echo one | tee /dev/stderr", timeout=60)
    assert result.head == b"one\none\n"
