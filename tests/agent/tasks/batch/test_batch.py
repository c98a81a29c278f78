"""Whole batches on real repositories: what is done, proven, delivered, and what is said where it can't be."""

from __future__ import annotations

import json
import os
import sys

import pytest
from scripted_endpoint import calls, error, text

from seedsmith.agent.tasks.batch import item
from seedsmith.agent.tasks.batch.attempt import WorkerLost
from seedsmith.agent.tasks.batch.batch import Options
from seedsmith.agent.tasks.batch.plan import Item, plan
from seedsmith.agent.tasks.batch.store import BatchError, Store
from seedsmith.agent.tasks.batch.wording import row_line
from seedsmith.agent.tasks.batch.worker import DATABASE
from seedsmith.sandbox.git.private_clone import remove_folder

EDIT = {"run": "sed -i s/old/new/ a.txt"}
CHECK = "grep -q new a.txt"
DELIVER = {"branch": "change/{{batch}}", "message": "Change {{repository}}"}


def told(summary):
    return {row.item.name: (row.state, row.result.get("message", "")) for row in summary.rows()}


def refs(ground, name):
    return ground.git(name, "for-each-ref", "--format=%(refname) %(objectname)")


@pytest.mark.parametrize("by_processes", [False, pytest.param(True, marks=pytest.mark.slow)])
async def test_each_repository_gets_one_branch_and_nothing_else(ground, by_processes):
    for name in ("one", "two"):
        ground.repository(name)
        (ground.folder / name / "untracked.txt").write_text("mine")
    head = ground.git("one", "rev-parse", "HEAD")
    said = {"repositories": ["one", "two"], "steps": [EDIT], "verify": CHECK, "deliver": DELIVER}
    summary = await (ground.open(**said, workers=2).run(Options()) if by_processes else ground.run(**said))
    assert summary.exit_code == 0 and set(summary.progress.counts) == {"verified"}
    for name in ("one", "two"):
        assert ground.git(name, "show", "change/tasks:a.txt") == "new\n"
        assert ground.git(name, "log", "-1", "--format=%s%n%an", "change/tasks") == f"Change {name}\nA\n"
        assert ground.git(name, "status", "--porcelain") == "?? untracked.txt\n"
        assert ground.git(name, "rev-parse", "HEAD", "change/tasks^") == head * 2 or name == "two"
        ground.git(name, "fsck", "--strict")
    assert not ground.endpoint.requests, "a batch of commands alone asks no model"


@pytest.mark.slow
async def test_hooks_filters_and_configuration_of_a_repository_are_not_run(ground):
    path = ground.repository("bad", a__txt="old\n", __gitattributes="* filter=bad\n")
    mark = ground.folder / "ran"
    for hook in ("post-checkout", "pre-commit", "reference-transaction", "post-index-change"):
        file = path / ".git/hooks" / hook
        file.write_text(f"#!/bin/sh\necho {hook} >> {mark}\n")
        file.chmod(0o755)
    for key in ("filter.bad.smudge", "filter.bad.clean", "core.fsmonitor", "uploadpack.packObjectsHook"):
        ground.git("bad", "config", key, f"sh -c 'echo {key} >> {mark}; cat'")
    mark.unlink(missing_ok=True)
    summary = await ground.run(repositories=["bad"], steps=[EDIT], verify=CHECK, deliver=DELIVER)
    assert summary.exit_code == 0, told(summary)
    assert not mark.exists(), mark.read_text()


@pytest.mark.slow
async def test_what_can_not_be_done_is_said_and_the_rest_goes_on(ground):
    ground.repository("good")
    ground.repository("dirty")
    (ground.folder / "dirty/a.txt").write_text("mine\n")
    ground.repository("taken")
    ground.git("taken", "branch", "change/tasks")
    (ground.folder / "plain").mkdir()
    (ground.folder / "plain/a.txt").write_text("old\n")
    ground.repository("never", b__txt="")
    (ground.folder / "empty").mkdir()
    ground.git("empty", "init", "-q")
    (ground.folder / "sha").mkdir()
    ground.git("sha", "init", "-q", "--object-format=sha256")
    ground.git("sha", "commit", "-q", "--allow-empty", "-m", "Start")
    names = ["good", "dirty", "taken", "plain", "never", "missing", "good/sub", "empty", "sha"]
    (ground.folder / "good/sub").mkdir()
    summary = await ground.run(repositories=names, steps=[EDIT], verify=CHECK, deliver=DELIVER)
    found = told(summary)
    assert summary.exit_code == 1
    assert found.pop("good")[0] == "verified"
    for name, words in {
        "dirty": "(a.txt): commit or stash them",
        "taken": "has a branch 'change/tasks' already",
        "plain": "deliver a patch, not a branch",
        "never": "The step 'run: sed -i s/old/new/ a.txt' failed: It ended with exit code 2",
        "missing": "There is no folder",
        "sub": "is a folder within the repository",
        "empty": "has no commit yet",
        "sha": "uses sha256, which is not read here",
    }.items():
        state, message = found.pop(name)
        assert state == "failed" and words in message, (name, message)
    assert not found
    assert (ground.folder / "dirty/a.txt").read_text() == "mine\n"


@pytest.mark.slow
async def test_a_verify_that_never_passes_delivers_nothing(ground):
    ground.repository("one")
    before = refs(ground, "one")
    summary = await ground.run(
        repositories=["one"], steps=[EDIT], verify="echo broken; false", deliver=DELIVER
    )
    assert told(summary) == {"one": ("failed", "`echo broken; false` ended with exit code 1: broken.")}
    assert refs(ground, "one") == before and summary.exit_code == 1


@pytest.mark.slow
async def test_conditions_matrix_setup_and_values(ground):
    ground.repository("it's", a__txt="old\n")
    summary = await ground.run(
        repositories=["it's"],
        matrix={"word": ["b c", "$(d)"]},
        setup="touch setup-{{word}}",
        when={"files": "*.txt", "grep": "^old$"},
        steps=[
            {"run": "echo {{word}} {{repository}} > b.txt", "unless": {"grep": "absent"}},
            {"run": "false", "when": {"command": "test ! -e a.txt"}},
            {"run": "false", "unless": {"verified": True}},
            {"run": "false", "when": {"grep": {"pattern": "old", "files": "*.py"}}},
        ],
        verify="test -e b.txt",
        deliver={"patch": "out/{{item}}.patch"},
    )
    assert summary.exit_code == 0, told(summary)
    states = [[step["state"] for step in row.result["steps"]] for row in summary.rows()]
    assert states == [["done", "left out", "left out", "left out"]] * 2
    patches = sorted(path.read_text() for path in (ground.folder / "out").iterdir())
    assert "+$(d) it's" in patches[0] and "+b c it's" in patches[1]
    assert all("setup-" in patch for patch in patches)


@pytest.mark.slow
async def test_only_limit_skip_and_retry(ground):
    for name in ("a1", "a2", "b1"):
        ground.repository(name)
    said = {
        "repositories": ["*1", "*2"],
        "steps": [EDIT],
        "verify": "test -e /nothing",
        "deliver": DELIVER,
        "unless": {"grep": "skip"},
    }
    first = await ground.run(options=Options(only=("a*",), limit=1), **said)
    assert told(first).keys() == {"a1"} and first.exit_code == 1
    second = await ground.run(options=Options(limit=1))
    assert second.progress.counts == {"failed": 2}
    last = await ground.run(options=Options(retry_failed=True))
    assert last.progress.counts == {"failed": 3}
    with pytest.raises(BatchError, match="No item is called c"):
        await ground.run(options=Options(only=("c",)))
    with pytest.raises(BatchError, match="says something else than when this batch began"):
        await ground.run(**{**said, "verify": CHECK})
    gone_on = await ground.run(options=Options(resume=True, retry_failed=True))
    assert gone_on.progress.counts == {"failed": 3}, "it goes on as the file was"
    anew = await ground.run(options=Options(new=True))
    assert anew.progress.counts == {"verified": 3}


@pytest.mark.slow
async def test_a_bare_repository_a_list_and_a_bundle(ground):
    ground.repository("one")
    ground.git("one", "clone", "-q", "--bare", ".", "../bare.git")
    (ground.folder / "lists").mkdir()
    (ground.folder / "lists/names.txt").write_text("# mine\n\n../one\n")
    summary = await ground.run(
        repositories=[{"list": "lists/names.txt"}, {"remote": "bare.git"}],
        steps=[EDIT],
        verify=CHECK,
        deliver={**DELIVER, "bundle": "out/{{repository}}.bundle", "author": "B C <b@example.org>"},
    )
    assert summary.exit_code == 0, told(summary)
    for name in ("one", "bare.git"):
        assert ground.git(name, "log", "-1", "--format=%an <%ae>", "change/tasks") == "B C <b@example.org>\n"
        ground.git("one", "bundle", "verify", f"../out/{name}.bundle")


@pytest.mark.slow
async def test_patches_and_libcst_change_what_they_say(ground):
    source = "import old\n\n\ndef f(a, b):\n    return old.call(a)\n"
    for name in ("one", "two"):
        ground.repository(name, app__py=source)
    (ground.folder / "app.py").write_text(source.replace("old.call", "new.call"))
    (ground.folder / "p.patch").write_text(
        "--- a/app.py\n+++ b/app.py\n@@ -3,3 +3,3 @@\n \n def f(a, b):\n"
        "-    return old.call(a)\n+    return new.call(a)\n"
    )
    (ground.folder / "mods.py").write_text(
        "import libcst\n\n\nclass Rename(libcst.CSTTransformer):\n"
        "    def leave_Param(self, original_node, updated_node):\n"
        "        return updated_node.with_changes(name=libcst.Name('c' + original_node.name.value))\n"
    )
    summary = await ground.run(
        repositories=["one", "two"],
        steps=[
            {"patch": "p.patch"},
            {"libcst": {"codemod": "mods.py:Rename"}},
            {"ruff": {"select": ["F401"]}},
        ],
        verify=f"{sys.executable} -m py_compile app.py",
        deliver=DELIVER,
    )
    assert summary.exit_code == 0, told(summary)
    for name in ("one", "two"):
        assert ground.show(name, "change/tasks:app.py") == "\n\ndef f(ca, cb):\n    return new.call(a)\n"


@pytest.mark.slow
async def test_why_codemods_left_a_repository_unchanged_is_said(ground):
    ground.repository("one", app__py="def f(x):\n    return x == None\n")
    summary = await ground.run(
        repositories=["one"],
        steps=[
            {"ruff": {"select": ["E711"]}},
            {"ast-grep": {"language": "python", "pattern": "gone()", "rewrite": "x()"}},
        ],
    )
    line = row_line(next(summary.rows()))
    assert "unchanged" in line and "--unsafe-fixes" in line
    assert "0 of 1 files changed" in line


def edits(request):
    said = json.dumps(request.body)
    if '"role": "tool"' in said or '"function_call_output"' in said:
        return text("Done.")
    return calls(("shell", {"command": "sed -i s/old/new/ a.txt"}))


@pytest.mark.slow
async def test_a_model_is_asked_only_where_a_condition_says_so(ground):
    ground.endpoint.script(edits)
    ground.repository("asks")
    ground.repository("free", a__txt="new\n")
    summary = await ground.run(
        repositories=["asks", "free"],
        steps=[{"prompt": "Say new in {{repository}}", "unless": {"verified": True}}],
        verify=CHECK,
        deliver=DELIVER,
        budget={"each": {"turns": 5}},
    )
    assert {name: state for name, (state, _) in told(summary).items()} == {
        "asks": "verified",
        "free": "unchanged",
    }
    assert ground.show("asks", "change/tasks:a.txt") == "new\n"
    bodies = [json.dumps(request.body) for request in ground.endpoint.requests]
    assert len(bodies) == 2 and all("Say new in asks" in body for body in bodies)
    (row, _) = summary.rows()
    assert row.result["steps"][0]["session"]


@pytest.mark.slow
async def test_no_model_is_asked_for_what_could_not_be_handed_over(ground):
    ground.repository("taken")
    ground.git("taken", "branch", "change/tasks")
    ground.repository("patched")
    ground.repository("done", a__txt="new\n")
    ground.git("done", "branch", "change/tasks")
    (ground.folder / "plain").mkdir()
    (ground.folder / "plain/a.txt").write_text("old\n")
    (ground.folder / "patched.patch").write_text("mine")
    steps = [{"prompt": "Say new", "unless": {"verified": True}}]
    summary = await ground.run(
        repositories=["taken", "plain", "done"], steps=steps, verify=CHECK, deliver=DELIVER
    )
    found = told(summary)
    assert found["taken"][0] == found["plain"][0] == "failed" and found["done"][0] == "unchanged"
    assert "has a branch 'change/tasks' already" in found["taken"][1]
    assert "deliver a patch, not a branch" in found["plain"][1]
    deliver = {"patch": str(ground.folder / "{{item}}.patch")}
    summary = await ground.run(
        repositories=["patched"], steps=steps, verify=CHECK, deliver=deliver, name="patches"
    )
    assert told(summary)["patched"] == ("failed", f"{ground.folder}/patched.patch is there already.")
    assert not ground.endpoint.requests


@pytest.mark.slow
async def test_a_service_that_fails_pauses_the_batch_which_goes_on_later(ground):
    ground.endpoint.script(lambda _: error(401, "AuthenticationError", "no such key"))
    for name in ("one", "two"):
        ground.repository(name)
    summary = await ground.run(
        repositories=["one", "two"], steps=[{"prompt": "Say new"}], verify=CHECK, deliver=DELIVER, tries=9
    )
    assert summary.paused.startswith("The model's service failed again and again:")
    assert summary.progress.counts == {"ready": 2} and summary.exit_code == 1
    ground.endpoint.script(edits)
    again = await ground.run()
    assert again.exit_code == 0 and not again.paused


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"model": "nothing-there"}, "A model is named PROVIDER/MODEL, not 'nothing-there'."),
        ({"budget": {"each": {"cost": 1}}}, "--max-cost needs a model whose price is known"),
    ],
)
async def test_what_no_item_could_ask_pauses_the_batch(ground, settings, said):
    for name in ("one", "two"):
        ground.repository(name)
    steps = [{"prompt": "Say new", "model": settings.pop("model", None)}]
    summary = await ground.run(repositories=["one", "two"], steps=steps, verify=CHECK, **settings)
    assert summary.paused.startswith(said) and summary.progress.counts == {"ready": 2}
    assert [row.tries for row in summary.rows()] == [0, 0] and not ground.endpoint.requests


@pytest.mark.slow
async def test_a_batch_goes_on_with_limits_that_were_changed(ground):
    ground.repository("one")
    said = {"repositories": ["one"], "steps": [EDIT], "verify": CHECK, "deliver": DELIVER}
    batch = ground.open(**said, budget={"cost": 1})
    batch.folder.mkdir(parents=True)
    store = Store(batch.folder / DATABASE)
    store.begin(plan(batch.tasks), {"tasks": batch.tasks.model_dump_json(by_alias=True, exclude_unset=True)})
    store.add_cost(plan(batch.tasks)[0], 1.0)
    store.close()
    assert (await ground.run()).paused == "The budget of 1 yuan is used up: 1.0000 are spent."
    summary = await ground.run(**said, budget={"cost": 2}, workers=2, tries=2)
    assert summary.exit_code == 0 and summary.tasks.budget.cost == 2
    with pytest.raises(BatchError, match="says something else"):
        await ground.run(**{**said, "verify": "true"}, budget={"cost": 2})


@pytest.mark.slow
async def test_a_skill_that_can_not_be_used_fails_its_item_with_a_sentence(ground):
    ground.repository("one")
    for skill, said in {
        "no-such": "There is no skill 'no-such'",
        "upgrade-dependency": "The skill upgrade-dependency needs the parameter 'package'",
    }.items():
        summary = await ground.run(
            options=Options(new=True), repositories=["one"], steps=[{"skill": skill}], verify=CHECK
        )
        state, message = told(summary)["one"]
        assert state == "failed" and f"The step 'skill: {skill}' failed: {said}" in message


@pytest.mark.slow
async def test_a_moved_branch_is_refused_then_carried_over_without_asking_again(ground):
    ground.endpoint.script(edits)
    ground.repository("one")
    moving = ground.folder / "one/b.txt"
    said = {
        "repositories": ["one"],
        "steps": [{"prompt": "Say new"}],
        "verify": CHECK,
        "deliver": DELIVER,
    }

    def move(_):
        if not moving.exists():
            moving.write_text("more\n")
            ground.commit("one", "More")

    ground.endpoint.on_request = move
    first = await ground.run(**said)
    state, message = told(first)["one"]
    assert state == "failed" and "moved from" in message and "--rebase" in message
    asked = len(ground.endpoint.requests)
    again = await ground.run(options=Options(retry_failed=True, rebase=True))
    assert again.exit_code == 0, told(again)
    assert len(ground.endpoint.requests) == asked
    assert ground.git("one", "show", "change/tasks:b.txt", "change/tasks:a.txt") == "more\nnew\n"
    assert (
        ground.git("one", "rev-parse", "main", "change/tasks^").split()
        == [ground.git("one", "rev-parse", "HEAD").strip()] * 2
    )


@pytest.mark.slow
async def test_killed_while_its_clone_is_removed_an_item_is_not_begun_anew(ground, monkeypatch):
    ground.repository("one")
    said = {"repositories": ["one"], "steps": [EDIT], "verify": CHECK, "deliver": DELIVER}
    lost = []

    def remove_and_die(folder):
        remove_folder(folder)
        if ground.git("one", "branch", "--list", "change/*") and not lost:
            lost.append(folder)
            raise WorkerLost("It is killed.")

    monkeypatch.setattr(item, "remove_folder", remove_and_die)
    summary = await ground.run(**said)
    assert lost and summary.exit_code == 0, told(summary)
    (row,) = summary.rows()
    assert (row.tries, row.result["delivered"]) == (2, ["branch change/tasks"])


async def test_two_runners_of_one_batch(ground):
    ground.repository("one")
    batch = ground.open(repositories=["one"], steps=[EDIT], deliver=DELIVER)
    with batch._locked(), pytest.raises(BatchError, match=f"run by process {os.getpid()} already"):
        await ground.run()


def test_an_item_costs_the_same_however_many_there_are(tmp_path):
    steps = []
    for many in (10, 2000):
        store = Store(tmp_path / str(many))
        store.begin([Item(str(each), str(each), tmp_path) for each in range(many)], {})
        steps.append(0)

        def count():
            steps[-1] += 1

        store._database.set_progress_handler(count, 10)  # once in ten steps of SQLite's machine
        for _ in range(5):
            taken = store.take("me", 3, (None, None, 1))
            assert store.finish("me", taken.item, {"state": "skipped"})
        assert len(list(store.rows(1.0))) == 5
        store.close()
    assert steps[1] < 2 * steps[0] + 10, steps


@pytest.mark.slow
async def test_the_database_full_of_items_is_gone_on_with_quickly(ground):
    ground.repository("one")
    batch = ground.open(repositories=["one"], steps=[EDIT], verify=CHECK, deliver=DELIVER)
    await batch.run(Options())
    store = Store(batch.folder / DATABASE)
    assert store.counts() == {"verified": 1} and store.meta("tasks")
    assert (await batch.run(Options())).exit_code == 0, "what is done is not done again"
    store.close()
