"""More commands than descriptors: a start that fails leaves no process and no descriptor behind."""

from __future__ import annotations

import resource

import pytest
from descriptors import opened
from waiting import gone, new_mark

from seedsmith.sandbox.errors import SandboxError


@pytest.mark.slow
@pytest.mark.parametrize("tier", ["bwrap", "landlock", "off"], indirect=True)
async def test_a_start_that_finds_no_descriptor_leaves_nothing(runner):
    mark = new_mark()
    assert (await runner.run("true", timeout=60)).ok
    before, limits = opened(), resource.getrlimit(resource.RLIMIT_NOFILE)
    failed = 0
    for room in range(2, 26, 3):
        resource.setrlimit(resource.RLIMIT_NOFILE, (len(before) + room, limits[1]))
        try:
            running = runner.start(f"sleep {mark}", open_stdin=True)
        except SandboxError as error:
            failed += 1
            assert "can't be started" in str(error) or "can't be made ready" in str(error)
            running = None
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        if running is not None:
            await running.stop("Enough.")
        assert await gone(f"sleep {mark}")
        assert not opened() - before, room
    assert failed
