"""Groups that list when they are called alone: all alike."""

from __future__ import annotations

import pytest

GROUPS = ["config", "mcp", "models", "permissions", "sessions", "skills"]


@pytest.mark.parametrize("json", [(), ("--json",)])
@pytest.mark.parametrize("group", GROUPS)
def test_a_group_alone_lists(seedsmith, group, json):
    alone, listed = seedsmith(group, *json), seedsmith(group, "list", *json)
    assert alone.returncode == 0 and alone.stdout == listed.stdout


@pytest.mark.parametrize("group", ["config", "sessions"])
def test_a_group_alone_takes_the_flags_of_its_list(seedsmith, group):
    for flags in (("--all",), ("--json", "--all")):
        alone, listed = seedsmith(group, *flags), seedsmith(group, "list", *flags)
        assert (alone.returncode, alone.stderr) == (0, listed.stderr) and alone.stdout == listed.stdout
    done = seedsmith(group, "--nothing")
    assert done.returncode == 2 and "--nothing" in done.stderr


@pytest.mark.parametrize("group", GROUPS)
def test_json_before_another_command_is_refused(seedsmith, group):
    done = seedsmith(group, "--json", "list")
    assert done.returncode == 2 and f"seedsmith {group} list --json" in done.stderr
