"""A copy of a workspace as the workspace: it is shown at its place and at the original's."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest


@pytest.mark.parametrize("tier", ["bwrap"], indirect=True)
@pytest.mark.parametrize("above", ["/tmp", "/var/tmp"])
async def test_a_copy_in_the_state_folder_is_shown_and_the_rest_of_that_stays_hidden(
    make_runner, world, above
) -> None:
    original = world.policy.workspace
    (original / "deps").mkdir()
    (original / "deps/made").write_text("made\n")
    (original / "a.txt").write_text("original\n")
    with tempfile.TemporaryDirectory(dir=above, prefix="state-") as name:
        state = Path(name)
        (state / "private.txt").write_text("private\n")
        copy = state / "session/copy"
        (copy / "deps").mkdir(parents=True)
        (copy / "a.txt").write_text("copy\n")
        runner = make_runner(state=state, workspace=copy, copy_of=original, shared=("deps",))
        looks = f"cat a.txt {original}/a.txt deps/made {original}/deps/made; ls {state} {state}/session"
        result = await runner.run(looks, timeout=60)
        shown = f"copy\ncopy\nmade\nmade\n{state}:\nsession\n\n{state}/session:\ncopy\n"
        assert (result.exit_code, result.head.decode()) == (0, shown)
        writes = f"echo new > a.txt; touch {original}/b.txt deps/b {original}/deps/b {state}/b"
        await runner.run(writes, timeout=60)
        assert (copy / "a.txt").read_text() == "new\n" and (original / "a.txt").read_text() == "original\n"
        assert not [
            path
            for folder in (copy, original, state)
            for path in folder.rglob("b*")
            if ".git" not in path.parts
        ]
