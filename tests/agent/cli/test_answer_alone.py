"""The answer stands alone on standard output; progress, the diff and the evidence go to standard error."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from scripted_endpoint import calls, error, text

SEEDSMITH = str(Path(sys.executable).with_name("seedsmith"))
EDIT = ("edit", {"path": "a.txt", "old": "one", "new": "two"})


@pytest.fixture(autouse=True)
def key(environment):
    environment["SEEDSMITH_API_KEY"] = "k-secret"


def service(endpoint):
    return ("-m", "openai/test", "--base-url", endpoint.base_url)


def test_what_is_said_before_a_call_is_progress(seedsmith, endpoint):
    endpoint.script(calls(EDIT, text="I change it."), text("It is two now.\n\nAll of it."))
    done = seedsmith("run", "Change it", "--verify", "grep -q two a.txt", *service(endpoint))
    assert done.returncode == 0, done.stderr
    assert done.stdout == "It is two now.\n\nAll of it.\n"
    lines = done.stderr.splitlines()
    assert lines.index("I change it.") < next(n for n, line in enumerate(lines) if line.startswith("✓ edit"))
    assert "It is two now." not in done.stderr and "Verification: `grep -q two a.txt`" in done.stderr


def test_quiet_prints_the_answer_alone(seedsmith, endpoint):
    endpoint.script(calls(EDIT, text="I change it."), text("It is two now."))
    done = seedsmith("run", "Change it", "--quiet", *service(endpoint))
    assert (done.returncode, done.stdout, done.stderr) == (0, "It is two now.\n", "")


def test_quiet_says_why_there_is_no_answer(seedsmith, endpoint):
    endpoint.script(error(401, "AuthenticationError"))
    done = seedsmith("run", "Change it", "-q", *service(endpoint))
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith("seedsmith: ") and len(done.stderr.splitlines()) == 1


def test_the_diff_and_its_counts_follow_where_they_are_asked_for(seedsmith, endpoint):
    endpoint.script(calls(EDIT), text("It is two now."))
    done = seedsmith("run", "Change it", "--quiet", "--diff", *service(endpoint))
    answer, _, changes = done.stdout.partition("\n\n")
    assert answer == "It is two now." and "\n+two\n" in changes
    assert changes.endswith("\n  a.txt  +1 -1\n")


def test_an_answer_of_a_given_form_is_json(seedsmith, endpoint, place):
    (place / "schema.json").write_text('{"type": "object", "required": ["name"]}')
    endpoint.script(text('```json\n{"name": "a\u200bb"}\n```'))
    done = seedsmith("run", "Say it", "--output-schema", str(place / "schema.json"), *service(endpoint))
    assert json.loads(done.stdout) == {"name": "a\u200bb"}, done.stderr


@pytest.mark.parametrize("flag", ["--quiet", "--diff"])
def test_json_is_given_alone(seedsmith, flag):
    done = seedsmith("run", "Say it", "--json", flag)
    assert done.returncode == 2 and "give it alone" in done.stderr


@pytest.mark.slow
def test_an_answer_that_cannot_be_written_is_told(endpoint, place, environment):
    endpoint.script(text("Lost."))
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            (SEEDSMITH, "run", "Say it", *service(endpoint)),
            cwd=place / "repo",
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode != 0
    last = done.stderr.splitlines()[-1]
    assert "The answer can't be written: No space left on device; seedsmith sessions show " in last


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [("config", "path"), ("models",)])
def test_a_full_disk_is_told_in_a_sentence(place, environment, arguments):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            (SEEDSMITH, *arguments), env=environment, stdout=full, stderr=subprocess.PIPE, text=True
        )
    said = "seedsmith: The output can't be written: No space left on device.\n"
    assert (done.returncode, done.stderr) == (1, said)
