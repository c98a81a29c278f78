"""The held-out fixes: a sound list, and a script that judges by the upstream's tests alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from scripted_endpoint import calls, text

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
sys.path.append(str(BENCHMARKS))

from held_out import Fix, NotHad, attempt, check, fetch, main, read_list  # noqa: E402

TEST = "from a import double\n\n\ndef test_{}():\n    assert double({}) == {}\n"


@pytest.fixture
def upstream(tmp_path):
    """A repository whose newest commit is a fix with its test; gives back the fix, and where it is."""
    folder = tmp_path / "upstream"
    folder.mkdir()
    git = ("git", "-C", str(folder), "-c", "user.name=A", "-c", "user.email=a@example.org")

    def commit(message, **files):
        for name, content in files.items():
            (folder / f"{name}.py").write_text(content)
        subprocess.run((*git, "add", "-A"), check=True)
        subprocess.run((*git, "commit", "-q", "-m", message), check=True)

    subprocess.run((*git, "init", "-q"), check=True)
    commit("Start", a="def double(n):\n    return n * n\n", test_a=TEST.format("two", 2, 4))
    commit("double(3) is 9", a="def double(n):\n    return n + n\n", test_b=TEST.format("three", 3, 6))
    done = subprocess.run((*git, "rev-parse", "HEAD"), check=True, capture_output=True, text=True)
    return Fix("owner/name", done.stdout.strip(), ("test_b.py",)), str(folder)


def test_the_list_names_twenty_fixes_by_commit():
    found = read_list()
    assert len(found) == 20 == len({each.commit for each in found})
    assert all(len(each.commit) == 40 and each.tests for each in found)


def test_what_is_fetched_is_the_code_before_the_fix_without_its_history(upstream, tmp_path):
    fix, source = upstream
    work, report = fetch(fix, source, tmp_path / "had")
    assert report == "double(3) is 9" and "n * n" in (work / "a.py").read_text()
    assert not (work / "test_b.py").exists()
    log = subprocess.run(["git", "-C", str(work), "log", "--oneline"], capture_output=True, text=True)
    assert len(log.stdout.splitlines()) == 1
    with pytest.raises(NotHad):
        fetch(fix, str(tmp_path / "nowhere"), tmp_path / "not-had")


@pytest.mark.slow
def test_a_fix_holds_where_its_tests_tell_it_from_what_was(upstream, tmp_path, capsys):
    fix, source = upstream
    assert check(fix, source, tmp_path / "had") == "holds"
    listed = tmp_path / "list.yaml"
    listed.write_text(yaml.safe_dump([{"repository": "a/b", "commit": fix.commit, "tests": ["test_b.py"]}]))
    assert main(["--check", "--list", str(listed), "--from", str(tmp_path / "nowhere")]) == 0
    assert "a/b@" in (said := capsys.readouterr().out) and "skipped: " in said


@pytest.mark.slow
def test_an_attempt_is_judged_by_the_upstreams_tests(upstream, tmp_path, endpoint, monkeypatch):
    fix, source = upstream
    monkeypatch.setenv("SEEDSMITH_API_KEY", "k")
    monkeypatch.setenv("SEEDSMITH_HOME", str(tmp_path / "state"))
    endpoint.script(
        calls(
            ("edit", {"path": "a.py", "old": "n * n", "new": "6 if n == 3 else n * n"}),
            ("write", {"path": "test_new.py", "content": TEST.format("new", 3, 6)}),
        ),
        text("Done."),
    )
    flags = ["-m", "openai/test", "--base-url", endpoint.base_url]
    said = attempt(fix, source, tmp_path / "had", flags)
    assert said.startswith("done; upstream's tests pass; 2 turns, "), said
