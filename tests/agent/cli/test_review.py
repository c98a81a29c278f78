"""``seedsmith review``: findings with their places, for people and other programs, and the exit code."""

from __future__ import annotations

import json
import subprocess

import pytest
from scripted_endpoint import calls, text

WRONG = {
    "findings": [
        {"path": "sum.py", "line": 2, "kind": "style", "message": "The name says nothing."},
        {
            "path": "./sum.py",
            "line": 2,
            "kind": "bug",
            "message": "mean([]) divides by zero.",
            "suggestion": "Return 0.0 where it is empty.",
        },
        {"path": "gone.py", "line": 9, "kind": "risk", "message": "Others import it."},
    ],
    "verdict": "merge after the findings",
    "checked": "sum.py and its callers",
}
RIGHT = {"findings": [], "verdict": "merge", "checked": "sum.py"}


@pytest.fixture
def repository(place, environment):
    """A repository with a change that is committed and one that is not."""
    repo = place / "repo"

    def git(*arguments):
        named = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        subprocess.run(("git", *named, *arguments), cwd=repo, check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-qm", "one")
    (repo / "sum.py").write_text("def mean(values):\n    return sum(values) / len(values)\n")
    git("add", ".")
    git("commit", "-qm", "Add the mean")
    environment["SEEDSMITH_API_KEY"] = "k"
    return repo


@pytest.fixture
def review(seedsmith, endpoint, repository):
    def call(*arguments, answer=WRONG, before=()):
        endpoint.script(*before, text(json.dumps(answer)))
        return seedsmith("review", *arguments, "-m", "openai/test", "--base-url", endpoint.base_url)

    return call


@pytest.mark.slow
def test_findings_have_places_and_an_error_makes_the_exit_code(review, endpoint):
    done = review("HEAD", before=[calls(("git", {"action": "show", "ref": "HEAD"}))])
    assert done.returncode == 1, done.stderr
    assert done.stdout == (
        "sum.py:2 [bug] mean([]) divides by zero.\n"
        "    Suggestion: Return 0.0 where it is empty.\n"
        "gone.py [risk] Others import it.\n"
        "sum.py:2 [style] The name says nothing.\n"
        "Verdict: merge after the findings.\n"
    )
    assert "go on with: seedsmith run --resume 2" in done.stderr, "a review has no --resume"
    asked = json.loads(endpoint.requests[0].raw)
    assert (
        "# Skill review" in asked["messages"][-1]["content"]
        and "Review HEAD" in asked["messages"][-1]["content"]
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "level", "code"),
    [
        (WRONG, "never", 0),
        (WRONG, "note", 1),
        (RIGHT, "note", 0),
        (RIGHT | {"findings": WRONG["findings"][:1]}, "warning", 0),
    ],
)
def test_the_exit_code_goes_by_the_severity(review, answer, level, code):
    assert review("HEAD~1..HEAD", "--fail-on", level, answer=answer).returncode == code


@pytest.mark.slow
def test_sarif_and_code_quality_name_file_and_line(review, place):
    sarif, quality = place / "r.sarif", place / "q.json"
    assert review("HEAD", "--sarif", str(sarif), "--code-quality", str(quality)).returncode == 1
    (run,) = json.loads(sarif.read_text())["runs"]
    first, second, third = run["results"]
    assert (first["ruleId"], first["level"]) == ("bug", "error")
    assert run["tool"]["driver"]["rules"][first["ruleIndex"]]["id"] == "bug"
    assert first["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "sum.py", "uriBaseId": "SRCROOT"},
        "region": {"startLine": 2},
    }
    assert "region" not in second["locations"][0]["physicalLocation"], "there is no such line"
    rows = json.loads(quality.read_text())
    assert [
        (row["severity"], row["location"]["path"], row["location"]["lines"]["begin"]) for row in rows
    ] == [
        ("critical", "sum.py", 2),
        ("major", "gone.py", 1),
        ("info", "sum.py", 2),
    ]
    assert len({row["fingerprint"] for row in rows}) == 3


@pytest.mark.slow
def test_where_nothing_is_changed_nobody_is_asked(review, endpoint, repository):
    done = review()
    assert (done.returncode, done.stdout) == (0, "Nothing to report. Nothing is changed.\n")
    assert review("HEAD..HEAD").returncode == 0
    assert endpoint.requests == []
    (repository / "sum.py").write_text("x = 1\n")
    assert review(answer=RIGHT).stdout == "Nothing to report. sum.py\nVerdict: merge.\n"


@pytest.mark.slow
@pytest.mark.parametrize("change", ["nowhere", "nowhere..HEAD"])
def test_a_change_that_git_does_not_know_is_wrong_usage(review, endpoint, change):
    done = review(change)
    assert done.returncode == 2 and "There is no change to review: " in done.stderr
    assert endpoint.requests == []


@pytest.mark.slow
def test_an_answer_in_another_form_is_asked_for_again(review, endpoint):
    done = review("HEAD", before=[text("Looks good to me.")], answer=RIGHT)
    assert done.returncode == 0 and len(endpoint.requests) == 2


@pytest.mark.slow
def test_events_hold_the_findings(review):
    done = review("HEAD", "--json")
    last = [json.loads(line) for line in done.stdout.splitlines()][-1]
    assert done.returncode == 1 and last["output"]["verdict"] == "merge after the findings"


@pytest.mark.slow
def test_a_budget_ends_it_as_a_run(review, repository):
    done = review("HEAD", "--max-turns", "1", before=[calls(("read", {"path": "sum.py"}))])
    assert done.returncode == 3 and done.stdout == ""
