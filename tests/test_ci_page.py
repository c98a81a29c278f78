"""The files of docs/ci.md: each step that is a command is run in a repository, against a scripted service."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from examples import first_fast
from scripted_endpoint import calls, text

PAGE = (Path(__file__).parents[1] / "docs" / "ci.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^### `([^`]+)`\n\n<!-- [^\n]* -->\n```\w+\n(.*?)^```$", PAGE, re.M | re.S))
GITHUB = [name for name in FILES if name.startswith(".github/")]
BUG = {"path": "calc.py", "line": 2, "kind": "bug", "message": "It subtracts."}
WRONG = json.dumps({"findings": [BUG], "verdict": "do not merge", "checked": "calc.py"})
RIGHT = json.dumps({"findings": [], "verdict": "merge", "checked": "calc.py"})
TEST = "python3 -m unittest -q"
FIX = calls(("edit", {"path": "calc.py", "old": "a - b", "new": "a + b"}))


@pytest.fixture
def runner(tmp_path, endpoint):
    """A clone of a repository whose newest commit brings a bug, and the runner's environment."""

    class Runner:
        work, temp = tmp_path / "work", tmp_path / "temp"
        environment = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(tmp_path / "home"),
            "LANG": "C.UTF-8",
            "RUNNER_TEMP": str(tmp_path / "temp"),
            "GITHUB_BASE_REF": "main",
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
            "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
            "TEST": TEST,
        }
        given = {
            "vars.SEEDSMITH_MODEL": "openai/test",
            "vars.SEEDSMITH_BASE_URL": endpoint.base_url,
            "secrets.SEEDSMITH_API_KEY": "k",
            "inputs.test": TEST,
        }
        service = {
            "SEEDSMITH_MODEL": "openai/test",
            "SEEDSMITH_BASE_URL": endpoint.base_url,
            "SEEDSMITH_API_KEY": "k",
        }

        def shell(self, line, **more):
            return subprocess.run(
                ["bash", "-e", "-c", line],
                cwd=self.work,
                env={**self.environment, **more},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
            )

        def step(self, step):
            filled = {
                name: re.sub(r"\$\{\{ (.*?) \}\}", lambda match: self.given[match[1]], value)
                for name, value in step.get("env", {}).items()
            }
            return self.shell(step["run"], **filled)

    for folder in ("home", "temp", "origin"):
        (tmp_path / folder).mkdir()
    made = Runner()
    made.work = tmp_path / "origin"
    (made.work / "calc.py").write_text("")
    (made.work / ".gitignore").write_text("__pycache__/\n")
    (made.work / "test_calc.py").write_text(
        "import unittest\nimport calc\n\n\nclass T(unittest.TestCase):\n"
        "    def test_add(self):\n        self.assertEqual(calc.add(2, 1), 3)\n"
    )
    who = "git -c user.name=a -c user.email=a@example.org"
    assert made.shell(f"git init -q -b main; git add .; {who} commit -qm one").returncode == 0
    assert made.shell(f"git clone -q . {tmp_path / 'work'}").returncode == 0
    made.work = tmp_path / "work"
    (made.work / "calc.py").write_text("def add(a, b):\n    return a - b\n")
    os.utime(made.work / "calc.py", (1e9, 1e9))  # or bytecode of the same second stands for what mends it
    assert made.shell(f"git checkout -qb change; git add .; {who} commit -qm two").returncode == 0
    return made


def commands(name, job):
    """The steps of a workflow that are commands, without what installs the program."""
    steps = [step for step in yaml.safe_load(FILES[name])["jobs"][job]["steps"] if "run" in step]
    assert steps[0] == {"run": "pipx install seedsmith"}
    return steps[1:]


def test_the_page_has_these_files():
    assert GITHUB == [".github/workflows/review.yml", ".github/workflows/fix.yml"]
    assert {*FILES} - {*GITHUB} == {".gitlab-ci.yml", ".git/hooks/pre-commit", ".pre-commit-config.yaml"}


@pytest.mark.slow
@pytest.mark.parametrize(("answer", "code"), first_fast(1, [(WRONG, 1), (RIGHT, 0)]))
def test_github_reviews_a_pull_request(runner, endpoint, answer, code):
    endpoint.script(text(answer))
    (review,) = commands(GITHUB[0], "review")
    done = runner.step(review)
    assert done.returncode == code, done.stderr
    (run,) = json.loads((runner.work / "review.sarif").read_text())["runs"]
    assert len(run["results"]) == code


@pytest.mark.slow
def test_github_fixes_a_failing_test_into_a_patch_that_applies(runner, endpoint):
    endpoint.script(FIX, text("It adds now."))
    fix, patch = commands(GITHUB[1], "fix")
    done = runner.step(fix)
    assert done.returncode == 0, done.stderr
    assert runner.step(patch).returncode == 0
    assert "exit code" in Path(runner.environment["GITHUB_STEP_SUMMARY"]).read_text()
    applied = runner.shell(f"git stash -q; git apply {runner.temp / 'fix.patch'}; {TEST}")
    assert applied.returncode == 0, applied.stderr


@pytest.mark.slow
def test_gitlab_reviews_and_fixes(runner, endpoint):
    jobs = yaml.safe_load(FILES[".gitlab-ci.yml"])
    endpoint.script(text(WRONG))
    done = runner.shell("\n".join(jobs["review"]["script"]), **runner.service)
    assert done.returncode == 1, done.stderr
    (row,) = json.loads((runner.work / "quality.json").read_text())
    assert row["location"] == {"path": "calc.py", "lines": {"begin": 2}}
    assert runner.shell("rm quality.json").returncode == 0
    endpoint.script(FIX, text("It adds now."))
    done = runner.shell("\n".join(jobs["fix"]["script"]), **runner.service)
    assert done.returncode == 0, done.stderr
    assert runner.shell("\n".join(jobs["fix"]["after_script"])).returncode == 0
    patch = (runner.work / "fix.patch").read_text()
    assert "+    return a + b" in patch and "report.md" not in patch
    assert (runner.work / "report.md").is_file()


@pytest.mark.slow
@pytest.mark.parametrize(("answer", "code"), first_fast(1, [(WRONG, 1), (RIGHT, 0)]))
def test_the_hook_refuses_a_commit_with_an_error(runner, endpoint, answer, code):
    hook = runner.work / ".git/hooks/pre-commit"
    hook.write_text(FILES[".git/hooks/pre-commit"])
    hook.chmod(0o755)
    (runner.work / "calc.py").write_text("def add(a, b):\n    return b - a\n")
    endpoint.script(text(answer))
    commit = "git -c user.name=a -c user.email=a@example.org commit -qam three"
    done = runner.shell(commit, **runner.service)
    assert done.returncode == code, done.stderr
    assert ("calc.py:2 [bug] It subtracts." in done.stdout + done.stderr) is bool(code)


def test_the_entry_of_pre_commit_is_the_same_command(runner):
    (repo,) = yaml.safe_load(FILES[".pre-commit-config.yaml"])["repos"]
    (hook,) = repo["hooks"]
    assert shlex.split(hook["entry"]) == shlex.split(FILES[".git/hooks/pre-commit"].split("exec ")[1])
    assert runner.shell(f"{hook['entry']} --help").returncode == 0
