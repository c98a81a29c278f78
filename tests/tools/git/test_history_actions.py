"""Everyday work with git: history brought together and taken apart, conflicts told with both sides."""

from __future__ import annotations

import pytest
from examples import first_fast

from seedsmith.sandbox.errors import SandboxError
from seedsmith.tools.base import ToolError
from seedsmith.tools.git.git_tool import GitTool

TEN = [f"line {number}\n" for number in range(1, 11)]


@pytest.fixture
def forked(git_bench):
    """``main`` and ``topic`` both changed the fifth line of a file; ``topic`` brought another file, too."""
    git_bench.save("base", a="".join(TEN))
    git_bench.git("switch", "-q", "-c", "topic")
    git_bench.save("new file", b="b\n")
    git_bench.save("theirs", a="".join(TEN).replace("line 5", "THEIRS"))
    git_bench.git("switch", "-q", "main")
    git_bench.save("ours", a="".join(TEN).replace("line 5", "OURS"))
    return git_bench


@pytest.mark.slow
async def test_a_merge_without_conflict_is_done(git_bench):
    git_bench.save("base", a="1\n")
    git_bench.git("switch", "-q", "-c", "topic")
    git_bench.save("two", b="2\n")
    git_bench.git("switch", "-q", "main")
    git_bench.save("three", c="3\n")
    told = await git_bench.call("merge", ref="topic")
    assert told.ok
    assert len(git_bench.git("show", "-s", "--format=%P", "HEAD").split()) == 2
    assert "nothing to do" in (await git_bench.call("merge", ref="topic")).text


@pytest.mark.slow
@pytest.mark.parametrize("action", first_fast(2, ["merge", "rebase", "cherry-pick"]))
async def test_a_conflict_is_told_with_both_sides_and_can_be_resolved_or_given_up(forked, action):
    before = forked.git("rev-parse", "HEAD")
    told = await forked.call(action, ref="topic")
    assert not told.ok
    assert "a.txt: both modified\n  lines 5-9, ours (" in told.text
    first, second = ("THEIRS", "OURS") if action == "rebase" else ("OURS", "THEIRS")
    assert f"    6: {first}\n  theirs (" in told.text
    assert f"    8: {second}\n" in told.text
    assert ("in a rebase ours is what it goes onto" in told.text) == (action == "rebase")
    assert f"then {action} with name: continue" in told.text
    assert "THEIRS" in (await forked.call("conflicts")).text
    await forked.call(action, name="abort")
    assert forked.git("rev-parse", "HEAD") == before
    assert (await forked.call("conflicts")).text == "There are no conflicts."
    await forked.call(action, ref="topic")
    forked.put("a.txt", "".join(TEN).replace("line 5", "BOTH"))
    await forked.call("add", paths=["a.txt"])
    assert (await forked.call(action, name="continue")).ok
    assert forked.git("status", "--porcelain") == ""
    assert "BOTH" in forked.git("show", "HEAD:a.txt")


@pytest.mark.slow
async def test_a_revert_undoes_a_commit_and_an_amend_changes_the_last(git_bench):
    git_bench.save("one", a="1\n")
    second = git_bench.save("two", a="2\n")
    await git_bench.call("revert", ref=second)
    assert git_bench.bytes("a.txt") == b"1\n"
    git_bench.put("a.txt", "1!\n")
    await git_bench.call("amend", all=True, message="back again")
    assert git_bench.git("log", "--format=%s") == "back again\ntwo\none"
    assert git_bench.git("show", "HEAD:a.txt") == "1!"
    await git_bench.call("amend", message="only words")
    assert git_bench.git("log", "-1", "--format=%s") == "only words"


@pytest.mark.parametrize(("mode", "status"), [("soft", "M  a.txt"), ("mixed", "M a.txt")])
async def test_a_reset_moves_the_branch_and_keeps_every_file(git_bench, mode, status):
    first = git_bench.save("one", a="1\n")
    git_bench.save("two", a="2\n")
    told = await git_bench.call("reset", ref="HEAD~1", name=mode)
    assert "it was at " in told.text
    assert git_bench.git("rev-parse", "HEAD") == first
    assert git_bench.git("status", "--porcelain").strip() == status
    assert git_bench.bytes("a.txt") == b"2\n"
    with pytest.raises(ToolError, match="would lose work that nothing keeps"):
        await git_bench.call("reset", name="hard")


async def test_tags_are_made_and_listed(git_bench):
    commit = git_bench.save("one", a="1\n")
    await git_bench.call("tag", name="v1")
    await git_bench.call("tag", name="v2", message="second", ref="HEAD")
    assert git_bench.git("rev-parse", "v2^{commit}") == commit
    assert git_bench.git("cat-file", "-t", "v2") == "tag"
    told = await git_bench.call("tag")
    assert "v1 " in told.text
    assert "second" in told.text


async def test_files_are_removed_moved_and_cleaned_after_they_were_listed(git_bench):
    git_bench.put(".gitignore", "*.log\n")
    git_bench.save("one", a="1\n", b="2\n", c="3\n")
    await git_bench.call("rm", paths=["a.txt"])
    await git_bench.call("rm", paths=["c.txt"], name="cached")
    await git_bench.call("mv", paths=["b.txt", "moved.txt"])
    assert git_bench.git("status", "--porcelain") == "D  a.txt\nD  c.txt\nR  b.txt -> moved.txt\n?? c.txt"
    git_bench.put("x.log", "ignored")
    git_bench.put("junk/x.txt", "x")
    told = await git_bench.call("clean")
    assert "2 untracked files:\n  c.txt\n  junk/x.txt\n" in told.text
    assert "nothing was removed" in told.text
    await git_bench.call("clean", name="delete", paths=["junk"])
    assert sorted(path.name for path in git_bench.root.glob("[!.]*")) == ["c.txt", "moved.txt", "x.log"]


async def test_what_a_removal_would_lose_is_kept(git_bench):
    git_bench.save("one", a="1\n")
    git_bench.put("a.txt", "changed\n")
    with pytest.raises((ToolError, SandboxError), match="local modifications"):
        await git_bench.call("rm", paths=["a.txt"])
    assert git_bench.bytes("a.txt") == b"changed\n"


@pytest.mark.slow
async def test_a_bisect_finds_the_commit_by_a_command(git_bench):
    commits = [git_bench.save(str(number), a=f"{number}\n") for number in range(1, 9)]
    told = await git_bench.call(
        "bisect", name="run", ref=f"{commits[0]}..{commits[-1]}", message="test $(cat a.txt) -lt 6"
    )
    assert f"{commits[5]} is the first bad commit" in told.text
    await git_bench.call("bisect", name="reset")
    assert git_bench.git("rev-parse", "HEAD") == commits[-1]
    assert git_bench.git("status", "--porcelain") == ""


async def test_a_worktree_is_added_listed_and_removed(git_bench):
    git_bench.save("one", a="1\n")
    await git_bench.call("worktree", name="add", paths=["other"])
    assert git_bench.bytes("other/a.txt") == b"1\n"
    assert "/other" in (await git_bench.call("worktree")).text
    await git_bench.call("worktree", name="remove", paths=["other"])
    assert not (git_bench.root / "other").exists()


@pytest.mark.slow
async def test_a_log_has_a_count_and_follows_a_file_through_its_renames(git_bench):
    for number in range(30):
        git_bench.save(f"commit {number}", a=f"{number}\nsame\nlines\nas\never\n")
    git_bench.git("mv", "a.txt", "new.txt")
    git_bench.save("renamed")
    told = await git_bench.call("log")
    assert "at most 20 commits are shown: limit shows more" in told.text
    assert told.text.count("\n") == 20
    assert (await git_bench.call("log", limit=3)).text.count("\n") == 3
    assert "commit 0" in (await git_bench.call("log", paths=["new.txt"], limit=100)).text


@pytest.mark.parametrize("lines", ["2,3", "2-3", "2:3"])
async def test_a_blame_takes_a_range_of_lines(git_bench, lines):
    git_bench.save("one", a="1\n2\n3\n4\n")
    told = await git_bench.call("blame", paths=["a.txt"], lines=lines)
    assert [line[-1] for line in told.text.splitlines()] == ["2", "3"]


async def test_a_repository_s_own_merge_options_and_programs_are_not_heard(forked):
    mark = forked.root.parent / "fired"
    forked.git("config", "branch.main.mergeOptions", "--strategy=evil")
    forked.git("config", "merge.autoStash", "true")
    forked.git("config", "merge.evil.driver", f"touch {mark}; false")
    forked.put(".gitattributes", "*.txt merge=evil\n")
    forked.git("add", "-A")
    forked.git("commit", "-q", "-m", "attributes")
    told = await forked.call("merge", ref="topic")
    assert "a.txt: both modified" in told.text
    assert not mark.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"action": "merge"}, "action 'merge' needs 'ref', or 'name'"),
        ({"action": "mv", "paths": ["a"]}, "what to move, then where to"),
        ({"action": "clean", "name": "delete"}, "needs 'paths' here"),
        ({"action": "bisect", "name": "run"}, "the command that fails where the fault is"),
        ({"action": "blame", "paths": ["a"], "lines": "x"}, "'lines' must be FIRST,LAST"),
        ({"action": "rebase", "name": "continue"}, "No rebase is under way."),
    ],
)
async def test_what_is_missing_is_told(git_bench, arguments, words):
    git_bench.save("one", a="1\n")
    with pytest.raises(ToolError, match=words):
        await git_bench.ask(arguments)


async def test_a_folder_s_history_goes_back_through_its_moves(git_bench):
    git_bench.put("old/a.py", "a = 1\n" * 9)
    git_bench.git("add", "-A")
    git_bench.save("first")
    git_bench.git("mv", "old", "middle")
    git_bench.save("moved")
    git_bench.git("mv", "middle", "new")
    git_bench.save("moved again")
    git_bench.save("beside", b="1\n")
    told = (await git_bench.call("log", paths=["new"])).text
    assert [line.split(" ")[-1] for line in told.splitlines()] == ["again", "moved", "first"]


async def test_a_long_file_leaves_room_for_the_others_of_a_patch(git_bench):
    git_bench.save("both", a="licence words\n" * 9_000, b="the one line that matters\n")
    for told in (await git_bench.call("show"), await git_bench.call("log", patch=True)):
        assert "+the one line that matters" in told.text and "lines more of this]" in told.text
        assert len(told.text) < 21_000 and "the whole: spill:" in told.text


async def test_a_long_blame_begins_and_says_how_to_go_on(git_bench):
    git_bench.save("long", a="licence words\n" * 9_000)
    told = (await git_bench.call("blame", paths=["a.txt"])).text
    assert len(told) < 17_000 and "of 9,000 lines asked for: lines, e.g. 10,40" in told
    assert "spill:" not in told


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"action": "git log", "max_count": "1", "oneline": True}, "at most 1 commit"),
        ({"action": "diff", "staged": True}, "No differences"),
        ({"action": "checkout", "paths": "a.txt"}, "Nothing differed"),
        ({"action": "checkout", "branch": "side"}, "on branch side"),
        ({"action": "checkout", "branch": "new", "b": True}, "on branch new"),
        ({"action": "reset", "mode": "--soft", "commit": "HEAD~1"}, "reset (soft)"),
        ({"action": "cherry_pick", "ref": "side"}, "cherry-pick"),
        ({"action": "stash_list"}, "The stash is empty"),
        ({"action": "blame", "path": "a.txt", "lines": [1, 1]}, "1) 2"),
        ({"action": "commit", "amend": True, "message": "said anew"}, "said anew"),
    ],
)
async def test_git_s_own_words_are_understood(git_bench, given, said):
    git_bench.save("one", a="1\n")
    git_bench.git("branch", "side")
    git_bench.save("two", a="2\n")
    arguments = dict(given)
    assert said in (await git_bench.call(arguments.pop("action"), **arguments)).text


async def test_a_stash_that_meets_conflicts_tells_both_sides(git_bench):
    git_bench.save("base", a="1\n")
    git_bench.put("a.txt", "stashed\n")
    await git_bench.call("stash")
    git_bench.save("other", a="other\n")
    told = await git_bench.call("stash", name="pop")
    assert not told.ok
    for part in ("a.txt: both modified", "other", "stashed", "with name: drop"):
        assert part in told.text


async def test_a_pick_that_changes_nothing_says_how_to_go_on(git_bench):
    git_bench.save("one", a="1\n")
    git_bench.save("two", a="2\n")
    with pytest.raises(ToolError, match="cherry-pick with name: skip, or abort"):
        await git_bench.call("cherry-pick", ref="HEAD")
    await git_bench.call("cherry-pick", name="skip")
    assert "under way" not in (await git_bench.call("status")).text


async def test_what_would_be_signed_by_hand_is_said_of_merges_and_tags_too(forked):
    forked.configure(
        "[user]\nname = U\nemail = u@example.org\n[commit]\ngpgSign = true\n[tag]\ngpgSign = true\n"
    )
    for told in (
        await forked.call("revert", ref="HEAD"),
        await forked.call("merge", ref="topic~1"),
        await forked.call("tag", name="v1", message="One."),
    ):
        assert told.text.count("not signed") == 1


@pytest.mark.slow
@pytest.mark.parametrize("action", first_fast(0, ["merge", "rebase", "cherry-pick"]))
async def test_a_bare_step_is_one_of_what_is_under_way(forked, action):
    before = forked.git("rev-parse", "HEAD")
    await forked.call(action, ref="topic")
    assert (await forked.call("abort")).text.startswith(f"{action} abort done")
    assert forked.git("rev-parse", "HEAD") == before
    with pytest.raises(ToolError, match="Nothing is under way: there is nothing to abort"):
        await forked.call("abort")


async def test_a_step_of_something_else_names_what_is_under_way(forked):
    forked.git("merge", "topic", check=False)
    with pytest.raises(ToolError, match="No rebase is under way, but a merge is"):
        await forked.call("rebase", name="abort")


@pytest.mark.parametrize(
    ("paths", "says"),
    first_fast(
        3,
        [
            (["a.txt", ".envrc"], "needs a person's approval"),
            (["a.txt", ".vscode"], None),
            (["tasks.json", ".vscode"], "needs a person's approval"),
            (["tasks.json", ".vscode/x/../tasks.json"], "needs a person's approval"),
            (["folder", "moved"], None),
            (["in", "out"], "needs a person's approval"),
            (["tasks.json", ".seedsmith/config.yaml"], "the agent's own configuration"),
        ],
    ),
)
async def test_a_move_leads_to_no_file_that_tools_may_not_write(git_bench, paths, says):
    for name in ("a.txt", "tasks.json", "folder/tasks.json", "in/.mcp.json", ".vscode/x/k", ".seedsmith/k"):
        git_bench.put(name, "x\n")
    git_bench.git("add", "-A")
    if says is None:
        assert (await git_bench.call("mv", paths=paths)).ok
        return
    with pytest.raises((SandboxError, ToolError), match=says):
        await git_bench.call("mv", paths=paths)
    assert git_bench.git("diff", "--name-status", "--cached", "--diff-filter=R") == ""


async def test_a_move_that_a_person_let_pass_is_made(git_bench):
    git_bench.save("base", a="x\n")
    tool = GitTool()
    parsed = tool.parse({"action": "mv", "paths": ["a.txt", "./.envrc"]})
    assert {".envrc", ".envrc/a.txt"} < tool.access(parsed).writes
    with git_bench.context.approving(frozenset({".envrc"})):
        await tool.run(parsed, git_bench.context)
    assert (git_bench.root / ".envrc").read_text() == "x\n"
