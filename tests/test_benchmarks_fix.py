"""The fix benchmark: its corpus is sound, and what it measures can't be talked into a success."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from scripted_endpoint import error, text

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
sys.path.append(str(BENCHMARKS))

from bare import Service, prompt_for, solve, whole_file  # noqa: E402
from corpus import Bug, CorpusError, judge, load_bugs, materialise, run_test  # noqa: E402
from fix import measure, parse_options, run_agent  # noqa: E402
from outcomes import Result, load, print_tables, save, select  # noqa: E402

BUGS = {bug.name: bug for bug in load_bugs()}
NEEDS = {"python": (), "javascript": ("node",), "c": ("make", "cc")}
SAMPLE = ("python-csv-reader", "python-date-ranges", "javascript-trie", "javascript-undo-history", "c-utf8")
BUG = BUGS["python-date-ranges"]
"""Its tests run under unittest, which starts quickly."""


def skip_without_tools(bug: Bug) -> None:
    for program in NEEDS[bug.language]:
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}")


def check_both_ways(bug: Bug, folder: Path) -> None:
    skip_without_tools(bug)
    right = run_test(bug, materialise(bug, folder / "right", fixed=True))
    wrong = run_test(bug, materialise(bug, folder / "wrong"))
    assert right.returncode == 0, right.stdout + right.stderr
    assert wrong.returncode not in (0, 124), wrong.stdout + wrong.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLE)
def test_right_programs_pass_and_wrong_ones_fail(name, tmp_path):
    check_both_ways(BUGS[name], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(BUGS.keys() - set(SAMPLE)))
def test_every_right_program_passes_and_every_wrong_one_fails(name, tmp_path):
    check_both_ways(BUGS[name], tmp_path)


@pytest.mark.parametrize("bug", BUGS.values(), ids=BUGS)
def test_each_bug_is_one_small_wrong_place(bug):
    assert bug.wrong_text != bug.right_text
    assert bug.file in bug.program_files and bug.file not in bug.test_files
    assert max(bug.old.count("\n"), bug.new.count("\n")) <= 5
    assert any("test" in name for name in bug.test_files)
    assert bug.name.startswith(f"{bug.language}-")


def test_the_corpus_is_as_large_and_as_varied_as_it_says():
    development = load_bugs("dev")
    languages = [bug.language for bug in development]
    assert [languages.count(language) for language in ("python", "javascript", "c")] == [20, 10, 10]
    assert len({bug.kind for bug in development}) >= 8
    assert len(load_bugs("held")) == 12
    assert {bug.difficulty for bug in BUGS.values()} == {"easy", "medium", "hard"}


def test_a_text_that_is_not_unique_is_an_error(tmp_path):
    shutil.copytree(BUG.folder, tmp_path / "python-twice")
    description = tmp_path / "python-twice" / "bug.yaml"
    lines = description.read_text().partition("old:")[0]
    description.write_text(f"{lines}old: day\nnew: night\n")
    (bug,) = load_bugs(folder=tmp_path)
    with pytest.raises(CorpusError, match="occurs"):
        materialise(bug, tmp_path / "workspace")


def test_a_bug_becomes_a_clean_repository(tmp_path):
    folder = materialise(BUG, tmp_path / "workspace")
    status = subprocess.run(["git", "status", "--porcelain"], cwd=folder, capture_output=True, check=True)
    assert status.stdout == b""
    assert not (folder / "bug.yaml").exists()
    assert (folder / BUG.file).read_text() == BUG.wrong_text


def test_a_fix_is_recognised(tmp_path):
    workspace = materialise(BUG, tmp_path / "workspace")
    (workspace / BUG.file).write_text(BUG.right_text)
    assert judge(BUG, workspace).fixed


def test_a_changed_test_is_no_fix(tmp_path):
    workspace = materialise(BUG, tmp_path / "workspace")
    (workspace / BUG.file).write_text(BUG.right_text)
    (workspace / "test_dateranges.py").write_text("")
    verdict = judge(BUG, workspace)
    assert verdict.passes
    assert verdict.tests_changed == ("test_dateranges.py",)
    assert not verdict.fixed


@pytest.mark.slow
def test_files_of_the_solver_do_not_take_part_in_the_judgement(tmp_path):
    bug = BUGS["python-lru-cache"]
    workspace = materialise(bug, tmp_path / "workspace")
    (workspace / "conftest.py").write_text("collect_ignore_glob = ['*']\n")
    (workspace / "pytest.ini").write_text("[pytest]\naddopts = --deselect test_lru_cache.py\n")
    assert not judge(bug, workspace).fixed


AGENT = """
import json, pathlib, sys
mode, test, model, folder, right = sys.argv[1:]
if mode == "silent":
    sys.exit("no model")
if mode == "honest":
    pathlib.Path(folder, "dateranges.py").write_text(pathlib.Path(right).read_text())
print(json.dumps({"type": "session.started"}))
print(json.dumps({"type": "session.finished", "status": "done", "turns": 3,
                  "usage": {"input_tokens": 100, "output_tokens": 20}}))
"""


def agent(mode: str, tmp_path: Path) -> Result:
    script = tmp_path / "agent.py"
    script.write_text(AGENT)
    right = BUG.folder / BUG.file
    command = f"{sys.executable} {script} {mode} {{test}} {{model}} {{folder}} {right}"
    return run_agent(BUG, command, "local/any", 60)


def test_an_agent_that_fixes_is_counted(tmp_path):
    result = agent("honest", tmp_path)
    assert (result.fixed, result.claimed, result.status) == (True, True, "done")
    assert (result.input_tokens, result.output_tokens, result.tries) == (100, 20, 3)


def test_an_agent_that_only_says_so_is_not(tmp_path):
    result = agent("boastful", tmp_path)
    assert (result.fixed, result.claimed) == (False, True)


def test_an_agent_without_a_last_event_leaves_its_last_words(tmp_path):
    result = agent("silent", tmp_path)
    assert (result.fixed, result.status, result.note) == (False, "exit 1", "no model")


def test_an_agent_that_does_not_end_is_ended():
    result = run_agent(BUG, "sh -c 'sleep 600 & wait'", "local/any", 0.2)
    assert (result.fixed, result.status) == (False, "timeout")


def answer(program: str) -> str:
    return f"Here it is:\n```python\n{program}```\nand\n```\nnothing\n```"


def test_the_bare_model_tries_again_with_other_seeds(endpoint):
    endpoint.script(text("no code"), text(answer(BUG.wrong_text)), text(answer(BUG.right_text)))
    result = solve(Service(endpoint.base_url, "k", "any"), BUG, 4)
    assert (result.fixed, result.tries) == (True, 3)
    assert result.output_tokens > 0
    asked = [request.body for request in endpoint.requests]
    assert [body["temperature"] for body in asked] == [0, 0.7, 0.7]
    assert [body.get("seed") for body in asked] == [None, 1, 2]
    assert asked[0]["messages"] == [{"role": "user", "content": prompt_for(BUG)}]


def test_the_bare_model_gives_up_after_its_tries(endpoint):
    endpoint.script(text("no code"), text(answer("nonsense(\n")))
    result = solve(Service(endpoint.base_url, "k", "any"), BUG, 2)
    assert (result.fixed, result.tries, result.status) == (False, 2, "gave_up")


def test_a_service_that_fails_is_no_answer(endpoint):
    endpoint.script(error(500, "InternalServerError"))
    result = solve(Service(endpoint.base_url, "k", "any"), BUG, 2)
    assert (result.fixed, result.tries, result.status) == (False, 0, "provider_error")


def test_the_bare_model_sees_the_wrong_file_and_its_tests():
    prompt = prompt_for(BUG)
    assert BUG.wrong_text in prompt
    assert "test_days_per_month_in_autumn" in prompt


def test_an_answer_without_a_block_has_no_file():
    assert whole_file("just words") is None


def test_results_are_kept_and_shown(tmp_path, capsys, endpoint):
    endpoint.script(text(answer(BUG.right_text)))
    options = parse_options(["--bare", "--only", BUG.name, "--base-url", endpoint.base_url])
    results = [*measure(options), agent("boastful", tmp_path)]
    save(results, tmp_path / "results.json")
    assert load(tmp_path / "results.json") == results
    assert list(measure(options, results)) == []
    print_tables(results, markdown=True)
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in capsys.readouterr().out.splitlines()]
    assert ["agent", "0", "1", "1"] in [row[:4] for row in rows]
    assert ["bare", "1", "1", "0"] in [row[:4] for row in rows]
    assert [BUG.name, BUG.kind, "no"] in [row[:3] for row in rows]


def test_a_glob_that_matches_nothing_ends_the_program():
    with pytest.raises(SystemExit, match="No bug"):
        select("dev", "cobol-*")
