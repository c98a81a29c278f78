"""The command itself: the plan, the lines, the JSON, and the reports."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from command import call_here

from seedsmith.agent.cli.batch_lines import at_work_lines, planned_text, progress_line
from seedsmith.agent.errors import UsageError
from seedsmith.agent.frontends.languages.reports import Reports
from seedsmith.agent.tasks.batch.batch import AtWork, Options, Progress
from seedsmith.agent.tasks.batch.dry_run import cost_words, dry_run
from seedsmith.agent.tasks.batch.plan import Item, plan
from seedsmith.agent.tasks.batch.report import check_report, markdown, page, write_report
from seedsmith.agent.tasks.batch.store import Row, Store
from seedsmith.agent.tasks.batch.wording import row_line
from seedsmith.agent.tasks.batch.worker import DATABASE


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.outside = []

    def handle_starttag(self, tag, attrs):
        self.outside += [value for name, value in attrs if name in ("src", "href") and value[0] != "#"]


@pytest.mark.slow
async def test_reports_in_every_form(ground):
    ground.repository("go|od", a__txt="old <b>\n")
    ground.repository("b\nad")
    summary = await ground.run(
        repositories=["go|od", "b\nad"],
        steps=[{"run": "sed -i s/old/new/ a.txt"}],
        verify="grep 'new <b>' a.txt",
        deliver={"branch": "changed"},
    )
    texts = {}
    for ending in (".md", ".html", ".json", ".xml"):
        write_report(summary, ground.folder / f"r{ending}")
        texts[ending] = (ground.folder / f"r{ending}").read_text()
    rows = [line for line in texts[".md"].splitlines() if line.startswith("| ✓") or line.startswith("| ✗")]
    assert rows[0].startswith("| ✓ | go\\|od | verified | +1 −1 | branch changed |")
    assert "## The repository can't be used (1)\n\n- **b ad**: " in texts[".md"]
    links = Links()
    links.feed(texts[".html"])
    assert not links.outside and '<span class="add">+new &lt;b&gt;' in texts[".html"]
    assert "\n+++ b/a.txt" in texts[".html"] and 'aria-label="1 failed, 1 verified"' in texts[".html"]
    chinese = "".join((*markdown(summary, Reports("zh")), *page(summary, Reports("zh"))))
    assert (
        "| ✓ | go\\|od | 通过验证 | +1 −1 | 分支 changed |" in chinese and "## 仓库不能使用（1）" in chinese
    )
    assert '<html lang="zh">' in chinese and 'aria-label="1 个失败，1 个通过验证"' in chinese
    told = json.loads(texts[".json"])
    assert told["exit_code"] == 1 and [each["state"] for each in told["items"]] == ["verified", "failed"]
    suites = ElementTree.fromstring(texts[".xml"])
    assert suites.get("tests") == "2" and suites.get("failures") == "1"
    with pytest.raises(UsageError, match=r"ends in none of \.md"):
        check_report(ground.folder / "r.pdf")


@pytest.fixture
def seedsmith(ground, monkeypatch, capsys):
    environment = {**ground.environment, "SEEDSMITH_HOME": str(ground.folder / "state")}
    return lambda *said: call_here(("batch", *said), ground.folder, environment, monkeypatch, capsys)


@pytest.mark.slow
def test_the_command(ground, seedsmith):
    ground.repository("one", a__py="old(1)\n")
    ground.tasks(
        repositories=["one", "gone"],
        steps=[
            {"ast-grep": {"language": "python", "pattern": "old($A)", "rewrite": "new($A)"}},
            {"prompt": "Do the rest", "when": {"grep": "new", "command": "false"}},
        ],
        verify="grep -q new a.py",
        deliver={"branch": "changed"},
        budget={"each": {"cost": 2}},
    )
    planned = seedsmith("tasks.yaml", "--dry-run")
    assert planned.returncode == 0, planned.stderr
    assert "yes  ast-grep: old($A) (1 of 1 files changed)" in planned.stdout
    assert "open prompt: Do the rest [model]" in planned.stdout and "✗ There is no folder" in planned.stdout
    assert planned.stdout.endswith(
        "2 items; a model would be asked in 1, at most 2 yuan by the budget. Nothing was done.\n"
    )
    assert ground.git("one", "branch", "--format=%(refname:short)") == "main\n"
    done = seedsmith("tasks.yaml", "--report", "out.md")
    assert done.returncode == 1
    assert "✓ one: verified +1 −1 → branch changed" in done.stdout
    assert "tasks: 1 verified, 1 failed." in done.stdout and (ground.folder / "out.md").is_file()
    wrong = seedsmith("tasks.yaml", "--new", "--resume")
    assert wrong.returncode == 2 and "--new begins anew" in wrong.stderr
    assert seedsmith("schema").stdout == seedsmith("schema").stdout != ""
    assert seedsmith("nothing.yaml").stderr == "seedsmith: nothing.yaml is not there.\n"


@pytest.mark.slow
async def test_the_plan_of_a_batch_that_was_begun(ground):
    for name in ("one", "two", "three"):
        ground.repository(name)
    (ground.folder / "p.patch").write_text("--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-old\n+new\n")
    batch = ground.open(
        repositories=["one", "two", "three"],
        steps=[{"patch": "p.patch"}, {"prompt": "More"}],
        budget={"cost": 9, "each": {"cost": 4}},
    )
    planned = await dry_run(batch, Options())
    assert planned[0].steps[0].matches == "it applies" and cost_words(batch, Options(), 3).endswith(
        "9 yuan by the budget"
    )
    batch.folder.mkdir(parents=True)
    store = Store(batch.folder / DATABASE)
    store.begin(plan(batch.tasks), {})
    taken = store.take("me", 3, (None, None, 1))
    store.add_cost(taken.item, 0.5)
    store.finish("me", taken.item, {"state": "failed"})
    store.close()
    (ground.folder / "two/a.txt").write_text("other\n")
    ground.commit("two", "Other")
    planned = await dry_run(batch, Options(limit=1))
    assert [each.became for each in planned] == ["failed", ""] and "  failed already" in planned_text(
        planned[0]
    )
    assert "patch does not apply" in planned[1].steps[0].matches
    assert cost_words(batch, Options(), 2) == ", about 1 yuan as 1 before cost, at most 8 yuan by the budget"
    assert len(await dry_run(batch, Options(retry_failed=True))) == 3
    assert [each.became for each in await dry_run(batch, Options(new=True))] == [""] * 3


@pytest.mark.slow
def test_where_no_file_may_grow_the_rest_goes_on(ground):
    """As on a full disk: what is too large for it fails with a sentence."""
    ground.repository("small", a__txt="old\n")
    path = ground.repository("large", a__txt="old\n")
    (path / "data").write_bytes(os.urandom(3 << 20))
    ground.commit("large", "Data")
    ground.tasks(
        repositories=["large", "small"],
        steps=[{"run": "sed -i s/old/new/ a.txt"}],
        verify="grep -q new a.txt",
        deliver={"branch": "changed"},
    )
    most = 2 << 20
    done = subprocess.run(
        (sys.executable, "-P", "-m", "seedsmith", "batch", "tasks.yaml"),
        cwd=ground.folder,
        env={**ground.environment, "SEEDSMITH_HOME": str(ground.folder / "state")},
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
    )
    assert done.returncode == 1, done.stderr
    assert "✗ large: failed" in done.stdout and "The clone of" in done.stdout
    assert "✓ small: verified" in done.stdout


def test_what_is_at_work_is_named():
    at_work = tuple(AtWork(f"item-{number}", 61.4, 0.25) for number in range(9, 19))
    lines = at_work_lines(Progress({"working": 10}, 0.5, 1.0, at_work=at_work))
    assert lines[:2] == ["  item-9      61 s  0.2500 yuan", "  item-10     61 s  0.2500 yuan"]
    assert len(lines) == 9 and lines[-1] == "  and 2 more"


def test_a_line_holds_the_beginning_of_what_has_many():
    item = Item("1", "one", Path("one"))
    row = Row(item, "failed", 1, 0.0, {"message": "git failed:\nerror: a\nerror: b"})
    assert row_line(row) == "✗ one: failed git failed: …"


@pytest.mark.parametrize(
    ("here", "seconds", "words"),
    [(0, 9, "0/4, 2 at work"), (2, 60, "about 60 s left"), (1, 90, "about 4 min left")],
)
def test_the_line_that_stays(here, seconds, words):
    counts = {"verified": here, "failed": 0, "working": 2, "ready": 2 - here}
    assert words in progress_line(Progress(counts, 0.5, seconds, here))
