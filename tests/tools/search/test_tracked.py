"""Files that git tracks although a rule ignores them are found, staged and committed like any other."""

from __future__ import annotations

from dataclasses import replace

import pytest


@pytest.fixture
def tracked(git_bench):
    git_bench.put(".gitignore", "build/\n.plan.md\n")
    git_bench.put("build/settings.py", "needle = 1\n")
    git_bench.put("build/cache.py", "needle = 2\n")
    git_bench.put(".plan.md", "needle\n")
    git_bench.put("src.py", "needle\n")
    git_bench.git("add", "-f", "build/settings.py", ".plan.md")
    git_bench.save("one")
    return git_bench


async def search(git_bench, name, **arguments):
    return await git_bench.bench.call(name, **arguments)


async def test_searches_find_them_and_not_what_lies_beside_them(tracked):
    assert (await search(tracked, "glob", pattern="*.py")).data["files"] == ["build/settings.py", "src.py"]
    told = await search(tracked, "grep", pattern="needle")
    assert told.text == ".plan.md\n1:needle\nbuild/settings.py\n1:needle = 1\nsrc.py\n1:needle"
    assert (await search(tracked, "grep", pattern="needle", glob="*.py")).data["files"] == 2


async def test_a_file_tracked_since_the_last_search_is_found_and_one_taken_away_is_not(tracked):
    await search(tracked, "grep", pattern="needle")
    tracked.git("add", "-f", "build/cache.py")
    tracked.git("rm", "-q", "--cached", ".plan.md")
    told = await search(tracked, "grep", pattern="needle")
    assert "build/cache.py" in told.text
    assert ".plan.md" not in told.text


async def test_what_the_settings_ignore_stays_out(tracked):
    tracked.bench.context = replace(tracked.context, ignored=("build/",))
    told = await search(tracked, "grep", pattern="needle")
    assert ".plan.md" in told.text
    assert "build" not in told.text


@pytest.mark.slow
@pytest.mark.parametrize("how", [{"paths": ["build/settings.py"]}, {"all": True}])
async def test_they_are_staged_and_committed(tracked, how):
    tracked.put("build/settings.py", "needle = 3\n")
    assert (await tracked.call("add", **how)).data == {"staged": 1}
    tracked.git("reset", "-q")
    await tracked.call("commit", message="two", **how)
    assert tracked.git("show", "--stat", "--format=", "--name-only", "HEAD") == "build/settings.py"
    assert tracked.git("status", "--porcelain") == ""
