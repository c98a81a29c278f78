"""glob and grep on real trees with real ripgrep."""

from __future__ import annotations

import os

import pytest

from seedsmith.tools.base import ToolError
from seedsmith.tools.search.ripgrep import find_ripgrep


@pytest.fixture
def tree(bench):
    for name in ("a.py", "src/b.py", "src/deep/c.py", "src/deep/d.ts", ".hidden.py", "kept.log", "dir/e.txt"):
        bench.put(name, f"needle in {name}\n")
    bench.put(".gitignore", "*.log\n!kept.log\nbuild/\n")
    bench.put("noise.log", "needle\n")
    bench.put("build/out.py", "needle\n")
    bench.put(".git/config", "needle\n")
    return bench


GLOBS = [
    ("*.py", ".", [".hidden.py", "a.py", "src/b.py", "src/deep/c.py"]),
    ("src/*.py", ".", ["src/b.py"]),
    ("src/**/*.{py,ts}", ".", ["src/b.py", "src/deep/c.py", "src/deep/d.ts"]),
    ("./src/**", ".", ["src/b.py", "src/deep/c.py", "src/deep/d.ts"]),
    ("deep/*", "src", ["src/deep/c.py", "src/deep/d.ts"]),
    ("[a-b].py", ".", ["a.py", "src/b.py"]),
    ("?.t*", ".", ["dir/e.txt", "src/deep/d.ts"]),
    ("dir/", ".", ["dir/e.txt"]),
    ("*.log", ".", ["kept.log"]),
    ("/a.py", ".", ["a.py"]),
    ("--help", ".", []),
    ("!*.py", ".", []),
]


@pytest.mark.parametrize(("pattern", "path", "files"), GLOBS)
async def test_glob_lists_what_the_pattern_means_without_ignored_files(tree, pattern, path, files):
    assert (await tree.call("glob", pattern=pattern, path=path)).data["files"] == files


async def test_grep_groups_by_file_sorted_and_respects_gitignore(tree):
    result = await tree.call("grep", pattern="needle")
    assert result.text.splitlines()[:4] == [
        ".hidden.py",
        "1:needle in .hidden.py",
        "a.py",
        "1:needle in a.py",
    ]
    assert result.data == {"matches": 7, "files": 7, "complete": True}
    assert "noise" not in result.text and "build" not in result.text


GREPS = [
    ({"pattern": "NEEDLE"}, 0),
    ({"pattern": "NEEDLE", "ignore_case": True}, 7),
    ({"pattern": "needle", "glob": "*.py"}, 4),
    ({"pattern": "needle", "glob": "src/**"}, 3),
    ({"pattern": "needle", "path": "src"}, 3),
    ({"pattern": "needle", "path": "src", "glob": "deep/*.ts"}, 1),
    ({"pattern": "needle", "path": "src/b.py"}, 1),
    ({"pattern": "needle", "glob": "*.log"}, 1),
    ({"pattern": r"in (a|src/b)\.py$"}, 2),
    ({"pattern": "--pre=./x"}, 0),
    ({"pattern": "-f/etc/passwd"}, 0),
    ({"pattern": "$(touch pwned)"}, 0),
]


@pytest.mark.parametrize(("arguments", "matches"), GREPS)
async def test_grep_finds_exactly(tree, arguments, matches):
    result = await tree.call("grep", **arguments)
    assert result.data["matches"] == matches
    assert matches or "No line in" in result.text
    assert not (tree.root / "pwned").exists()


async def test_context_lines_are_marked_and_gaps_shown(bench):
    bench.put("a.txt", "".join(f"{n}\n" for n in range(1, 21)))
    result = await bench.call("grep", pattern="^(5|15)$", context=1)
    assert result.text == "a.txt\n4-4\n5:5\n6-6\n--\n14-14\n15:15\n16-16"


async def test_a_limit_is_kept_and_told(bench):
    bench.put("a.txt", "x\n" * 5000)
    result = await bench.call("grep", pattern="x", limit=3)
    assert result.text == "a.txt\n1:x\n2:x\n3:x\n[the first 3 matches: there are more, narrow it down]"
    assert len((await bench.call("grep", pattern="x")).text.splitlines()) == 202


async def test_long_lines_binaries_and_strange_bytes(bench):
    bench.put("long.js", "a" * 100_000 + "needle" + "b" * 1000)
    bench.put("bin", b"needle\n" + b"x\n" * 500_000 + b"\0needle\n")
    bench.put("latin.txt", "café needle\n".encode("latin-1"))
    result = await bench.call("grep", pattern="needle")
    assert "[match at column 100,001]" in result.text and len(result.text) < 2_000
    assert "1:café needle" in result.text
    assert "[binary further on, and not searched from there: bin]" in result.text


async def test_links_are_not_followed_and_odd_names_stay_on_one_line(bench, tmp_path):
    (tmp_path / "secret").write_text("needle\n")
    (bench.root / "link").symlink_to(tmp_path / "secret")
    (bench.root / "loop").symlink_to(".")
    bench.put("two\nlines\x1b$(x).txt", "needle\n")
    with open(os.fsencode(bench.root) + b"/bad\xff.txt", "wb") as file:
        file.write(b"needle\n")
    result = await bench.call("grep", pattern="needle")
    assert result.text.splitlines() == [
        r"bad\x{FF}.txt",
        "1:needle",
        r"two\u{A}lines\u{1B}$(x).txt",
        "1:needle",
    ]
    assert (await bench.call("glob", pattern="*.txt")).text.splitlines() == [
        r"bad\x{FF}.txt",
        r"two\u{A}lines\u{1B}$(x).txt",
    ]


async def test_catastrophic_patterns_and_sparse_files_return(bench):
    bench.put("a.txt", "a" * 50_000 + "b\n")
    os.truncate(bench.put("sparse", ""), 10 << 30)
    assert (await bench.call("grep", pattern="(a+)+$")).data == {"matches": 0, "files": 0, "complete": True}


async def test_a_ripgrep_planted_in_the_workspace_never_runs(bench, monkeypatch):
    planted = bench.put("bin/rg", "#!/bin/sh\ntouch ran\n")
    planted.chmod(0o755)
    (bench.root / "rg").symlink_to("bin/rg")
    bench.put("a.txt", "needle\n")
    monkeypatch.setenv("PATH", f".:{bench.root}:{bench.root}/bin:/usr/bin")
    assert (await bench.call("grep", pattern="needle", path="a.txt")).data["matches"] == 1
    assert not str(find_ripgrep(bench.root)).startswith(str(bench.root))
    assert not (bench.root / "ran").exists()


async def test_an_outer_ignore_file_holds_only_inside_a_repository(bench):
    (bench.root.parent / ".gitignore").write_text("*\n")
    bench.put("a.txt", "needle\n")
    assert (await bench.call("grep", pattern="needle")).data["matches"] == 1
    (bench.root.parent / ".git").mkdir()
    assert (await bench.call("grep", pattern="needle")).data["matches"] == 0


async def test_a_glob_that_leaves_out_is_read_as_ripgreps_own_is(tree):
    found = await tree.call("grep", pattern="needle", glob="!src/**")
    assert "a.py" in found.text and "dir/e.txt" in found.text
    assert "src/" not in found.text and "build" not in found.text and "noise" not in found.text


async def test_a_glob_with_many_stars_returns(bench):
    bench.put("a" * 200, "x")
    assert (await bench.call("glob", pattern="*a" * 30 + "b")).data["files"] == []


@pytest.mark.parametrize(
    ("pattern", "path", "files"),
    [
        ("{root}/*.py", ".", [".hidden.py", "a.py"]),
        ("{root}/src/**/*.ts", "{root}", ["src/deep/d.ts"]),
        ("{root}/src/deep/*.ts", "src", ["src/deep/d.ts"]),
        ("{root}/**/*.ts", "src", ["src/deep/d.ts"]),
        ("{root}/*.py", "src", []),
        ("/etc/*", ".", []),
        ("{root}/../*", ".", None),
    ],
)
async def test_a_pattern_that_begins_at_the_workspace_is_looked_for_there(tree, pattern, path, files):
    pattern, path = (each.replace("{root}", str(tree.root)) for each in (pattern, path))
    if files is None:
        with pytest.raises(ToolError):
            await tree.call("glob", pattern=pattern, path=path)
        return
    assert (await tree.call("glob", pattern=pattern, path=path)).data["files"] == files
    found = await tree.call("grep", pattern="needle", glob=pattern, path=path)
    assert all(name in found.text for name in files)
    assert ("No line" in found.text) == (not files)


@pytest.mark.parametrize(
    ("on_disk", "pattern"),
    [
        ("De\u0301po\u0302t/a.txt", "D\u00e9p\u00f4t/*"),
        ("D\u00e9p\u00f4t/[id]/a.txt", "De\u0301po\u0302t/[id]/*.txt"),
        ("shot 9\u202fAM\u00a0x.txt", "shot 9 AM x.*"),
        ("a b.txt", "{a\u00a0b,c}.txt"),
    ],
)
async def test_a_pattern_finds_names_that_look_like_it(bench, on_disk, pattern):
    bench.put(on_disk, "needle\n")
    bench.put("other.txt", "needle\n")
    assert (await bench.call("glob", pattern=pattern)).data["files"] == [on_disk]
    found = await bench.call("grep", pattern="needle", glob=pattern)
    assert "1:needle" in found.text and "other" not in found.text
