"""The git tool's actions, on real repositories, compared with what plain git says afterwards."""

from __future__ import annotations

import os

import pytest
from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seedsmith.tools.base import EVERYTHING, ToolError
from seedsmith.tools.registry import default_tools


async def test_status_tells_every_kind_of_difference(git_bench):
    git_bench.save("first", a="1\n", b="2\n", gone="3\n", old="one line that is long enough\n" * 5)
    git_bench.put("a.txt", "staged\n")
    git_bench.git("add", "a.txt")
    git_bench.git("mv", "old.txt", "new.txt")
    git_bench.put("b.txt", "changed\n")
    (git_bench.root / "gone.txt").unlink()
    git_bench.put("中文/新.txt", "x")
    result = await git_bench.call("status")
    short = git_bench.git("rev-parse", "--short=9", "HEAD")
    assert result.text == (
        f"on branch main at {short}\n"
        "staged (2):\n  modified: a.txt\n  renamed: old.txt → new.txt\n"
        "not staged (2):\n  modified: b.txt\n  deleted: gone.txt\n"
        "untracked (1):\n  中文/"
    )
    assert result.data["staged"] == 2 and result.data["untracked"] == 1


async def test_an_empty_repository_is_no_error(git_bench):
    assert (await git_bench.call("status")).text.startswith("on branch main, no commits yet")
    assert (await git_bench.call("log")).text == "There are no commits yet."
    assert "on branch main, no commits yet" in (await git_bench.call("branch")).text
    git_bench.put("a.txt", "1\n")
    assert "staged 1 path" in (await git_bench.call("add", paths=["a.txt"])).text
    assert "+1" in (await git_bench.call("diff")).text
    assert "unstaged 1 path" in (await git_bench.call("restore", paths=["a.txt"], name="staged")).text
    assert git_bench.git("status", "--porcelain") == "?? a.txt"
    result = await git_bench.call("commit", message="初 #1\n\n# not a comment", paths=["a.txt"])
    assert "as 种子 Smith <seed@example.org>: 初 #1" in result.text
    assert git_bench.git("log", "--format=%B") == "初 #1\n\n# not a comment"


async def test_diff_shows_staged_and_not_staged_apart_and_each_alone(git_bench):
    first = git_bench.save("first", a="1\n", b="1\n")
    git_bench.put("a.txt", "2\n")
    git_bench.git("add", "a.txt")
    git_bench.put("b.txt", "3\n")
    both = (await git_bench.call("diff")).text
    assert both.index("staged:") < both.index("a/a.txt") < both.index("not staged:") < both.index("a/b.txt")
    assert "b.txt" not in (await git_bench.call("diff", name="staged")).text
    assert "staged:" not in (await git_bench.call("diff", all=True)).text
    second = git_bench.save("second")
    text = (await git_bench.call("diff", ref=f"{first}..{second}", patch=False)).text
    assert "2 files changed" in text and "@@" not in text
    assert "a/b.txt" not in (await git_bench.call("diff", ref=first, paths=["a.txt"])).text
    assert (await git_bench.call("diff")).text.startswith("No differences")


async def test_log_show_and_blame_name_the_commits(git_bench):
    first = git_bench.save("first\n\nwith a body", a="1\n2\n")
    second = git_bench.save("second", a="1\nzwei\n", b="x\n")
    log = (await git_bench.call("log")).text.splitlines()
    assert [line.split()[0] for line in log] == [second[:7], first[:7]]
    assert len((await git_bench.call("log", paths=["b.txt"])).text.splitlines()) == 1
    assert len((await git_bench.call("log", ref=f"{first}..HEAD")).text.splitlines()) == 1
    assert "+zwei" in (await git_bench.call("log", patch=True)).text
    shown = (await git_bench.call("show", ref="HEAD~1")).text
    assert f"commit {first}" in shown and "with a body" in shown and "种子 Smith" in shown
    assert (await git_bench.call("show", ref=f"{first}:a.txt")).text == "1\n2"
    blame = (await git_bench.call("blame", paths=["a.txt"])).text.splitlines()
    assert second[:8] in blame[1] and "zwei" in blame[1] and second[:8] not in blame[0]


async def test_a_binary_file_of_the_past_is_named_not_shown(git_bench):
    git_bench.put("x.png", b"\x89PNG\0\0\1")
    git_bench.save("first")
    assert "a PNG image of 7 bytes" in (await git_bench.call("show", ref="HEAD:x.png")).text


async def test_what_somebody_staged_before_is_told_and_stays_out_of_a_commit_of_paths(git_bench):
    git_bench.save("first", a="1\n", b="1\n")
    git_bench.put("b.txt", "theirs\n")
    git_bench.git("add", "b.txt")
    git_bench.put("a.txt", "2\n")
    added = (await git_bench.call("add", paths=["a.txt"])).text
    assert "Also staged, and part of a commit without paths: b.txt." in added
    await git_bench.call("commit", message="mine", paths=["a.txt"])
    assert git_bench.git("diff", "--cached", "--name-only").split() == ["b.txt"]


async def test_both_names_of_a_file_that_was_renamed_and_staged_can_be_committed(git_bench):
    git_bench.save("first", a="1\n2\n3\n", b="1\n")
    (git_bench.root / "a.txt").rename(git_bench.root / "new.txt")
    git_bench.put("b.txt", "theirs\n")
    git_bench.git("add", "b.txt")
    await git_bench.call("add", paths=["a.txt", "new.txt"])
    await git_bench.call("commit", message="rename it", paths=["a.txt", "new.txt"])
    assert git_bench.git("status", "--porcelain").split() == ["M", "b.txt"]


async def test_commit_takes_what_is_staged_or_stages_paths_or_all(git_bench):
    git_bench.save("first", a="1\n", b="1\n", c="1\n")
    for name in "abc":
        git_bench.put(f"{name}.txt", "2\n")
    git_bench.put("new.txt", "n\n")
    git_bench.git("add", "b.txt")
    await git_bench.call("commit", message="only a and new", paths=["a.txt", "new.txt"])
    assert git_bench.git("show", "--name-only", "--format=", "HEAD").split() == ["a.txt", "new.txt"]
    await git_bench.call("commit", message="the staged one")
    assert git_bench.git("show", "--name-only", "--format=", "HEAD").split() == ["b.txt"]
    (git_bench.root / "a.txt").unlink()
    await git_bench.call("commit", message="the rest", all=True)
    assert git_bench.git("show", "--name-only", "--format=", "HEAD").split() == ["a.txt", "c.txt"]
    assert git_bench.git("status", "--porcelain") == ""
    assert git_bench.git("log", "-1", "--format=%an <%ae> %cn") == "种子 Smith <seed@example.org> 种子 Smith"


async def test_branches_are_made_listed_and_gone_to(git_bench):
    first = git_bench.save("first", a="1\n")
    git_bench.save("second", a="2\n")
    await git_bench.call("branch", name="旧/one", ref=first)
    assert git_bench.git("branch", "--show-current") == "main"
    listed = (await git_bench.call("branch")).text
    assert "* main" in listed and f"旧/one {first[:7]} first" in listed
    assert (await git_bench.call("switch", ref="旧/one")).data["branch"] == "旧/one"
    assert git_bench.bytes("a.txt") == b"1\n"
    await git_bench.call("switch", name="fresh", ref="main")
    assert git_bench.git("branch", "--show-current") == "fresh"
    result = await git_bench.call("switch", ref=first)
    assert result.text == f"HEAD is detached at {first[:9]}"
    assert "HEAD is detached" in (await git_bench.call("branch")).text
    git_bench.put("a.txt", "d\n")
    await git_bench.call("commit", message="detached", all=True)
    assert git_bench.git("log", "-1", "--format=%s") == "detached"


async def test_a_switch_that_would_lose_changes_is_refused(git_bench):
    git_bench.save("first", a="1\n")
    git_bench.git("branch", "other")
    git_bench.save("second", a="2\n")
    git_bench.put("a.txt", "mine\n")
    with pytest.raises(ToolError, match=r"would be overwritten by checkout(?s:.*)a\.txt"):
        await git_bench.call("switch", ref="other")
    assert git_bench.bytes("a.txt") == b"mine\n"


async def test_stash_puts_aside_and_brings_back(git_bench):
    git_bench.save("first", a="1\n")
    git_bench.put("a.txt", "2\n")
    git_bench.put("new.txt", "n\n")
    await git_bench.call("stash", message="for later", all=True)
    assert git_bench.bytes("a.txt") == b"1\n" and not (git_bench.root / "new.txt").exists()
    assert "stash@{" in (await git_bench.call("stash", name="list")).text
    assert "for later" in (await git_bench.call("stash", name="list")).text
    shown = (await git_bench.call("stash", name="show", ref="stash@{0}")).text
    assert "+2" in shown and "new.txt" in shown
    result = await git_bench.call("stash", name="pop")
    assert "modified: a.txt" in result.text and git_bench.bytes("new.txt") == b"n\n"
    await git_bench.call("stash")
    dropped = await git_bench.call("stash", name="drop", ref="0")
    assert git_bench.git("cat-file", "-t", dropped.data["commit"]) == "commit"
    assert (await git_bench.call("stash", name="list")).text == "The stash is empty."


async def test_restore_takes_back_from_the_index_and_from_a_commit(git_bench):
    first = git_bench.save("first", a="1\n", b="1\n")
    git_bench.save("second", a="2\n", b="2\n")
    git_bench.put("a.txt", "junk\n")
    assert "restored 1 path:\n  a.txt" in (await git_bench.call("restore", paths=["a.txt"])).text
    assert git_bench.bytes("a.txt") == b"2\n"
    await git_bench.call("restore", paths=["b.txt"], ref=first)
    assert git_bench.bytes("b.txt") == b"1\n" and git_bench.git("status", "--porcelain") == "M  b.txt"
    await git_bench.call("restore", all=True, name="staged")
    assert git_bench.git("status", "--porcelain") == " M b.txt"
    assert (await git_bench.call("restore", paths=["a.txt"])).text.startswith("Nothing differed")


async def test_a_merge_in_conflict_is_told_resolved_and_committed(git_bench):
    git_bench.save("base", a="1\n")
    git_bench.git("switch", "-q", "-c", "side")
    git_bench.save("theirs", a="theirs\n")
    git_bench.git("switch", "-q", "main")
    git_bench.save("ours", a="ours\n")
    git_bench.git("merge", "side", check=False)
    status = (await git_bench.call("status")).text
    assert "a merge is under way" in status and "conflicts (1):\n  both modified: a.txt" in status
    with pytest.raises(ToolError, match=r"In conflict: a\.txt"):
        await git_bench.call("commit", message="too early")
    assert "<<<<<<<" in (await git_bench.call("diff")).text
    assert "Still with conflict markers: a.txt." in (await git_bench.call("add", paths=["a.txt"])).text
    git_bench.put("a.txt", "both\n")
    assert "markers" not in (await git_bench.call("add", paths=["a.txt"])).text
    await git_bench.call("commit")
    assert len(git_bench.git("log", "-1", "--format=%P").split()) == 2
    assert git_bench.git("log", "-1", "--format=%B") == "Merge branch 'side'"


async def test_a_stopped_rebase_is_told(git_bench):
    git_bench.save("base", a="1\n")
    git_bench.git("switch", "-q", "-c", "side")
    git_bench.save("side", a="side\n")
    git_bench.git("switch", "-q", "main")
    git_bench.save("main", a="main\n")
    git_bench.git("rebase", "side", check=False)
    result = await git_bench.call("status")
    assert "HEAD is detached" in result.text and "a rebase is under way" in result.text
    assert result.data["operation"] == "rebase"


async def test_odd_names_are_shown_on_one_line_and_can_be_named_as_shown(git_bench):
    git_bench.save("first")
    odd = [b"line\nbreak", b"esc\x1b[2J", b"stray\xff", b'quo"te', b"-dash", b":(top)colon", "中 文".encode()]
    for name in odd:
        with open(os.path.join(os.fsencode(git_bench.root), name), "wb") as file:
            file.write(b"x\n")
    lines = (await git_bench.call("status")).text.splitlines()
    shown = [line.strip() for line in lines[lines.index(f"untracked ({len(odd)}):") + 1 :]]
    assert r"line\u{A}break" in shown and r"stray\x{FF}" in shown and "中 文" in shown
    for name in shown:
        assert "staged 1 path" in (await git_bench.call("add", paths=[name])).text
    assert git_bench.git("status", "--porcelain", "-z").count("A  ") == len(odd)
    await git_bench.call("commit", message="odd")
    assert git_bench.git("ls-files", "-z").count("\0") == len(odd)


NAMES = st.binary(min_size=1, max_size=12).map(lambda name: name.replace(b"/", b"_").replace(b"\0", b"0"))


@pytest.mark.slow
@settings(
    max_examples=examples(20), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    name=st.one_of(NAMES, st.sampled_from([rb"\u{A}", b"a\nb", b" ", b"~", b"*", b"[a]", b"a\tb", b"HEAD"]))
)
async def test_any_file_name_can_be_named_as_status_shows_it(git_bench, name):
    if name in (b".", b"..") or b".git" in name.lower():
        return
    for path in git_bench.root.iterdir():
        if path.name != ".git":
            path.unlink()
    git_bench.git("read-tree", "--empty")
    for each in (name, b"other"):
        with open(os.path.join(os.fsencode(git_bench.root), each), "wb") as file:
            file.write(b"x\n")
    lines = (await git_bench.call("status")).text.splitlines()
    shown = [line[2:] for line in lines[lines.index(f"untracked ({len({name, b'other'})}):") + 1 :]]
    wanted = next(line for line in shown if line != "other" or name == b"other")
    await git_bench.call("add", paths=[wanted])
    assert git_bench.git("ls-files", "-z") == os.fsdecode(name) + "\0"


async def test_long_output_is_cut_at_a_line_with_exact_counts_and_kept_whole(git_bench):
    git_bench.save("first", a="")
    git_bench.put("a.txt", "".join(f"line {number}\n" for number in range(5_000)))
    result = await git_bench.call("diff")
    assert len(result.text) < 21_000 and "[… " in result.text and "the whole: spill:" in result.text
    spill = result.text.rsplit("spill:", 1)[1].rstrip("]")
    with git_bench.context.spills.open(spill) as file:
        whole = file.read()
    lines = result.text.splitlines()
    shown = [line for line in lines if line.startswith("+line")]
    assert whole.count(b"\n+line") == 5_000
    told = lines[-2].removeprefix("[… ").split(" line")[0]
    assert int(told.replace(",", "")) == 5_000 - len(shown)


async def test_many_paths_are_counted_and_spilled(git_bench):
    git_bench.save("first")
    for number in range(300):
        git_bench.put(f"f{number:03}.txt", "x")
    result = await git_bench.call("status")
    assert "untracked (300):" in result.text and "[… 102 lines more; the whole: spill:" in result.text


async def test_a_worktree_works_like_any_repository(git_bench, tmp_path):
    git_bench.save("first", a="1\n")
    git_bench.git("worktree", "add", "-q", str(tmp_path / "tree"), "-b", "side")
    git_bench.bench.context = git_bench.at(tmp_path / "tree")
    (tmp_path / "tree/a.txt").write_text("2\n")
    assert "on branch side" in (await git_bench.call("status")).text
    await git_bench.call("commit", message="in the tree", all=True)
    assert git_bench.git("log", "-1", "--format=%s", "side") == "in the tree"
    with pytest.raises(ToolError, match="'main' is already checked out"):
        await git_bench.call("switch", ref="main")


@pytest.mark.slow
async def test_a_submodule_and_its_parent_work(git_bench, tmp_path):
    inner = tmp_path / "inner"
    git_bench.git("init", "-q", str(inner))
    git_bench.git("commit", "-q", "--allow-empty", "-m", "inner", cwd=inner)
    git_bench.git("submodule", "--quiet", "add", str(inner), "sub")
    git_bench.save("with sub")
    assert "clean" in (await git_bench.call("status")).text
    git_bench.bench.context = git_bench.at(git_bench.root / "sub")
    (git_bench.root / "sub/new.txt").write_text("x")
    await git_bench.call("commit", message="inside", all=True)
    git_bench.bench.context = git_bench.context
    assert "modified: sub (submodule)" in (await git_bench.call("status")).text
    await git_bench.call("commit", message="moved on", paths=["sub"])
    assert git_bench.git("status", "--porcelain") == ""


async def test_a_subfolder_sees_and_changes_only_itself(git_bench):
    git_bench.put("inner/a.txt", "1\n")
    git_bench.put(".gitignore", "*.log\n")
    git_bench.save("first", outer="1\n")
    for path in ("inner/a.txt", "outer.txt"):
        git_bench.put(path, "2\n")
    for path in ("inner/new.txt", "other.txt", "inner/x.log"):
        git_bench.put(path, "n\n")
    git_bench.bench.context = git_bench.at(git_bench.root / "inner")
    status = (await git_bench.call("status")).text
    assert "modified: a.txt" in status and "  new.txt" in status
    assert "outer" not in status and "other" not in status and "x.log" not in status
    assert "a/a.txt" in (await git_bench.call("diff")).text
    await git_bench.call("commit", message="inner", all=True)
    assert git_bench.git("show", "--name-only", "--format=", "HEAD").split() == [
        "inner/a.txt",
        "inner/new.txt",
    ]
    assert git_bench.git("status", "--porcelain") == " M outer.txt\n?? other.txt"
    assert "+2" in (await git_bench.call("show")).text
    git_bench.put("inner/a.txt", "junk\n")
    await git_bench.call("restore", all=True)
    assert git_bench.bytes("inner/a.txt") == b"2\n" and git_bench.bytes("outer.txt") == b"2\n"
    for action in ({"action": "switch", "name": "x"}, {"action": "stash"}):
        with pytest.raises(ToolError, match="would change files outside it"):
            await git_bench.call(**action)


async def test_without_a_repository_one_sentence_says_so(bench):
    with pytest.raises(ToolError) as refusal:
        await bench.call("git", action="status")
    assert str(refusal.value) == "The workspace is not in a git repository."


async def test_an_unknown_committer_is_one_clear_sentence_and_nothing_happens(git_bench):
    git_bench.save("first", a="1\n")
    git_bench.configure("")
    git_bench.put("a.txt", "2\n")
    with pytest.raises(ToolError, match=r"Git does not know who commits: .*user\.name"):
        await git_bench.call("commit", message="x", all=True)
    assert git_bench.git("status", "--porcelain") == " M a.txt"


async def test_the_users_conditional_identity_and_own_ignore_rules_hold(git_bench):
    (git_bench.home / "work.config").write_text("[user]\nemail = work@example.org\n")
    (git_bench.home / "ignore").write_text("*.swp\n")
    git_bench.configure(
        "[user]\nname = A\nemail = a@example.org\n[core]\nexcludesFile = ~/ignore\n"
        f'[includeIf "gitdir:{git_bench.root}/"]\npath = work.config\n'
    )
    git_bench.put("x.swp", "junk")
    git_bench.put("a.txt", "1\n")
    await git_bench.call("commit", message="mine", all=True)
    assert git_bench.git("show", "--name-only", "--format=%ae", "HEAD").split() == [
        "work@example.org",
        "a.txt",
    ]


async def test_content_that_goes_through_a_filter_is_refused_not_stored_raw(git_bench):
    git_bench.configure('[user]\nname=A\nemail=a@b\n[filter "lfs"]\nclean = git-lfs clean -- %f\nrequired\n')
    git_bench.put(".gitattributes", "*.bin filter=lfs\n")
    git_bench.put("big.bin", "raw")
    git_bench.put("plain.txt", "x")
    with pytest.raises(ToolError, match=r"big\.bin goes through the filter 'lfs'"):
        await git_bench.call("add", all=True)
    assert git_bench.git("ls-files") == ""
    await git_bench.call("add", paths=["plain.txt"])
    assert git_bench.git("ls-files") == "plain.txt"


async def test_a_repository_in_the_repository_is_left_out(git_bench):
    git_bench.git("init", "-q", "nested")
    git_bench.git("commit", "-q", "--allow-empty", "-m", "n", cwd=git_bench.root / "nested")
    git_bench.put("a.txt", "1\n")
    result = await git_bench.call("add", all=True)
    assert "nested/ is a repository of its own and was left out." in result.text
    assert git_bench.git("ls-files") == "a.txt"


async def test_skipped_hooks_are_said(git_bench):
    hook = git_bench.root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    git_bench.put("a.txt", "1\n")
    result = await git_bench.call("commit", message="x", all=True)
    assert "The repository's hooks were not run." in result.text


async def test_what_is_left_empty_is_left_out(git_bench):
    git_bench.save("first", a="1\n")
    result = await git_bench.call("status", ref="", name="", message="", paths=[], all=False, patch=None)
    assert "the working tree is clean" in result.text


def test_reading_runs_with_reads_and_changing_runs_alone():
    tool = next(tool for tool in default_tools() if tool.spec.name == "git")

    def access(**arguments):
        return tool.access(tool.parse(arguments))

    for reading in ("status", "diff", "log", "show", "branch"):
        assert not access(action=reading).writes
    assert not access(action="stash", name="list").writes
    assert not access(action="status").conflicts_with(access(action="log"))
    for changing in ({"action": "stash"}, {"action": "branch", "name": "x"}, {"action": "add", "all": True}):
        assert EVERYTHING in access(**changing).writes and len(access(**changing).writes) > 1


@pytest.mark.parametrize("place", ["sub", "sub/deep"])
async def test_a_workspace_nobody_tracks_has_a_name_in_status(git_bench, place):
    git_bench.save("first", a="1\n")
    git_bench.put(f"{place}/new.txt", "n\n")
    git_bench.bench.context = git_bench.at(git_bench.root / place)
    text = (await git_bench.call("status")).text
    assert "untracked (1):\n  ./\n" in text


@pytest.mark.slow
@pytest.mark.parametrize("form", ["gpgSign = true", "gpgSign"])
async def test_a_commit_says_that_it_is_not_signed(git_bench, form):
    git_bench.configure(f"[user]\nname = A\nemail = a@example.org\n[commit]\n{form}\n")
    git_bench.put("a.txt", "1\n")
    result = await git_bench.call("commit", message="one", paths=["a.txt"])
    assert "not signed, though commit.gpgSign asks for that" in result.text
    git_bench.put("a.txt", "2\n")
    git_bench.git("config", "commit.gpgSign", "false")
    assert "signed" not in (await git_bench.call("commit", message="two", paths=["a.txt"])).text
