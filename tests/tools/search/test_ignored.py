"""Ignored paths of the settings: glob and grep leave them out, wherever the search begins."""

from __future__ import annotations

import pytest

from seedsmith.tools.search.ignored import ignoring

FILES = (
    "a.py",
    "vendor/a.py",
    "src/vendor/a.py",
    "src/gen/b.py",
    "src/gen/deep/c.py",
    "src/deep/gen/d.py",
    "src/x.min.js",
    "kept/gen.py",
)

TABLE = [
    # Ignored globs, the folder searched, and what of FILES is left.
    ((), ".", FILES),
    (("vendor/",), ".", [name for name in FILES if "vendor" not in name]),
    (("/vendor",), ".", [name for name in FILES if not name.startswith("vendor")]),
    (("./vendor/x",), ".", FILES),
    (("*.min.js",), ".", [name for name in FILES if not name.endswith(".js")]),
    (("src/gen",), ".", [name for name in FILES if not name.startswith("src/gen/")]),
    (("src/gen/",), "src", [name for name in FILES if name.startswith("src/") and "src/gen/" not in name]),
    (("s?c/*/deep/",), "src", [name for name in FILES if name.startswith("src/") and "gen/deep" not in name]),
    (("src/gen/deep",), "src/gen", ["src/gen/b.py"]),
    (("src/**/gen",), "src", ["src/vendor/a.py", "src/x.min.js"]),
    (("**/gen/",), "src/deep", []),
    (("src/gen",), "src/gen", ["src/gen/b.py", "src/gen/deep/c.py"]),
    (("src/gen",), "kept", ["kept/gen.py"]),
    (("kept/gen",), "src", [name for name in FILES if name.startswith("src/")]),
    (("vendor/", "src/"), ".", ["a.py", "kept/gen.py"]),
]


@pytest.mark.parametrize(("globs", "folder", "left"), TABLE)
async def test_ignored_paths_are_left_out(bench, globs, folder, left):
    for name in FILES:
        bench.put(name, "needle\n")
    bench.context.ignored = globs
    listed = await bench.call("glob", pattern="*", path=folder)
    assert listed.data["files"] == sorted(left)
    for extra in ({}, {"glob": "*.*"}):
        found = await bench.call("grep", pattern="needle", path=folder, limit=100, **extra)
        assert found.data["matches"] == len(left)


async def test_a_file_asked_for_by_name_is_searched(bench):
    bench.put("vendor/a.py", "needle\n")
    bench.context.ignored = ("vendor/",)
    assert (await bench.call("grep", pattern="needle", path="vendor/a.py")).data["matches"] == 1
    assert (await bench.call("grep", pattern="needle", path="vendor")).data["matches"] == 1


def test_each_glob_is_one_option():
    assert ignoring(("a", "-b", "c d/"), ".") == ("--glob=!a", "--glob=!-b", "--glob=!c d/")
