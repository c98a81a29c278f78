"""``seedsmith run``, ``fix`` and ``tool`` against a scripted service on loopback."""

import json
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from examples import first_fast
from scripted_endpoint import calls, error, text

SEEDSMITH = str(Path(sys.executable).with_name("seedsmith"))


@pytest.fixture(autouse=True)
def key(environment):
    environment["SEEDSMITH_API_KEY"] = "k-secret"


def service(endpoint):
    return ("-m", "openai/test", "--base-url", endpoint.base_url)


def events_of(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.slow
def test_json_is_events_and_nothing_else(seedsmith, endpoint, place):
    endpoint.script(calls(("edit", {"path": "a.txt", "old": "one", "new": "two"})), text("Done."))
    done = seedsmith("run", "Change it", "--json", "--verify", "grep -q two a.txt", *service(endpoint))
    events = events_of(done)
    assert done.returncode == 0, done.stderr
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert {event["version"] for event in events} == {1} and len({event["session"] for event in events}) == 1
    assert events[0]["type"] == "session.started"
    last = events[-1]
    assert (last["type"], last["status"], last["exit_code"]) == ("session.finished", "done", 0)
    assert last["verified"]["before_exit_code"] == 1 and last["verified"]["exit_code"] == 0
    assert "+two" in last["diff"] and last["files_changed"] == ["a.txt"]
    assert (place / "repo/a.txt").read_text() == "two\n"
    assert "k-secret" not in done.stdout + done.stderr


def test_console_shows_the_run(seedsmith, endpoint):
    endpoint.script(
        calls(("edit", {"path": "a.txt", "old": "one", "new": "two"})), text("It is [b]two[/b] now.")
    )
    done = seedsmith("Change it now", *service(endpoint))
    assert done.returncode == 0, done.stderr
    assert done.stdout == "It is [b]two[/b] now.\n"
    assert "\n+two\n" in done.stderr and "\x1b" not in done.stderr
    assert "- done, with nothing verified · 2 turns · 1 call" in done.stderr


def test_a_prompt_in_a_script_without_spaces_needs_no_command(seedsmith, endpoint):
    endpoint.script(text("好的。"))
    done = seedsmith("修复登录页面的错误", *service(endpoint))
    assert done.returncode == 0, done.stderr
    assert json.loads(endpoint.requests[0].raw)["messages"][-1]["content"] == "修复登录页面的错误"


def test_a_plan_changes_nothing(seedsmith, endpoint, place):
    edit = ("edit", {"path": "a.txt", "old": "one", "new": "two"})
    endpoint.script(calls(edit, ("shell", {"command": "echo two > a.txt"})), text("1. Change a.txt."))
    done = seedsmith("run", "Change it", "--approve", "plan", *service(endpoint))
    assert done.returncode == 0 and "1. Change a.txt." in done.stdout, done.stderr
    assert (place / "repo/a.txt").read_text() == "one\n"
    results = [m for m in json.loads(endpoint.requests[1].raw)["messages"] if m["role"] == "tool"]
    assert len(results) == 2 and all("only plans" in each["content"] for each in results)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("steps", "flags", "code", "status"),
    [
        ([error(401, "AuthenticationError")], (), 4, "provider_error"),
        ([calls(("read", {"path": "a.txt"})), text("ok")], ("--max-turns", "1"), 3, "budget"),
        ([text("I give up.")] * 9, ("--verify", "false", "--max-turns", "3"), None, None),
    ],
)
def test_exit_codes_say_how_it_ended(seedsmith, endpoint, steps, flags, code, status):
    endpoint.script(*steps)
    done = seedsmith("run", "Do it now", "--json", *flags, *service(endpoint))
    last = events_of(done)[-1]
    assert done.returncode == last["exit_code"] != 0
    assert code is None or (done.returncode, last["status"]) == (code, status)


@pytest.mark.parametrize("number", first_fast(1, [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]))
def test_an_interrupted_run_says_so_and_exits_130(endpoint, place, environment, number):
    endpoint.script(text("thinking about it for long", delta=4, stall_after=3))
    command = (SEEDSMITH, "run", "Do it now", "--json", *service(endpoint))
    with subprocess.Popen(
        command, cwd=place / "repo", env=environment, stdout=subprocess.PIPE, text=True
    ) as running:
        for line in running.stdout:
            if json.loads(line)["type"] == "text":
                running.send_signal(number)
                break
        rest = running.stdout.read().splitlines()
    assert running.returncode == 130
    assert json.loads(rest[-1])["status"] == "interrupted"


@pytest.mark.slow
def test_a_reader_that_leaves_does_not_end_the_run_with_noise(endpoint, place, environment):
    endpoint.script(calls(("write", {"path": "b.txt", "content": "b"})), text("Done."))
    command = (SEEDSMITH, "run", "Do it now", "--json", *service(endpoint))
    with subprocess.Popen(
        command,
        cwd=place / "repo",
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        running.stdout.readline()
        running.stdout.close()
        noise = running.stderr.read()
    assert (running.returncode, noise) == (0, "")
    assert (place / "repo/b.txt").read_text() == "b"


def test_fix_proves_its_work(seedsmith, endpoint):
    endpoint.script(calls(("edit", {"path": "a.txt", "old": "one", "new": "two"})), text("Done."))
    done = seedsmith("fix", "--test", "grep -q two a.txt", "--json", *service(endpoint))
    assert done.returncode == 0, done.stderr
    assert events_of(done)[-1]["verified"]["after_last_edit"] is True
    assert "grep -q two a.txt" in endpoint.requests[0].raw.decode()


def test_fix_says_the_tests_it_found_before_it_runs_them(seedsmith, endpoint, place):
    (place / "repo/Makefile").write_text("test:\n\tgrep -q two a.txt\n")
    endpoint.script(calls(("edit", {"path": "a.txt", "old": "one", "new": "two"})), text("Done."))
    done = seedsmith("fix", "--json", *service(endpoint))
    started, notice, verifying, verified, *_ = events_of(done)
    assert (started["type"], notice["code"], verifying["type"], verified["type"]) == (
        "session.started",
        "test_command",
        "verify.started",
        "verify.finished",
    )
    assert notice["message"].startswith("Tests: make test (Makefile has a test target")
    assert notice["message"] in done.stderr and verified["command"] == "make test"


def test_fix_takes_the_repositorys_verify_and_says_so(seedsmith, endpoint, place):
    (place / "repo/.seedsmith").mkdir()
    (place / "repo/.seedsmith/config.yaml").write_text("verify: 'true'\nbase_url: http://evil.example/\n")
    done = seedsmith("fix", *service(endpoint))
    assert "Tests: true (the configured verify; --test takes another)." in done.stderr
    assert "line 2: 'base_url' is ignored: a repository may not set it." in done.stderr
    assert done.returncode == 0 and endpoint.requests == []


def test_fix_asks_no_model_where_nothing_fails(seedsmith, endpoint):
    done = seedsmith("fix", "--test", "true", *service(endpoint))
    assert done.returncode == 0 and "pass already" in done.stdout
    assert endpoint.requests == []


def test_fix_says_when_the_test_command_is_none(seedsmith, endpoint):
    done = seedsmith("fix", "--test", "no-such-command", *service(endpoint))
    assert done.returncode == 2 and "can't be run: no-such-command" in done.stderr
    assert endpoint.requests == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "says"),
    first_fast(
        3,
        [
            ("python3 -m unittest discover -s none_here", ""),
            ("make no-such-target", "names a target that is not there (exit code 2)"),
            (
                f"'{sys.executable}' -m pytest -q -p no:cacheprovider -k no_such_test",
                "ran no tests (exit code 5)",
            ),
            (f"'{sys.executable}' -m pytest --bogus", "was not understood (exit code 4)"),
            (f"'{sys.executable}' -m pytest missing.py", "names tests that are not there (exit code 4)"),
        ],
    ),
)
def test_fix_stops_where_the_test_command_shows_no_bug(seedsmith, endpoint, command, says):
    if not says:
        endpoint.script(text("No."), text("No."))
    done = seedsmith("fix", "--test", command, *service(endpoint))
    assert done.returncode == 1, done.stderr
    assert (endpoint.requests == []) == bool(says)
    assert (f"{says}; name another with --test: " in done.stdout) == bool(says)


def test_the_console_names_the_session_to_go_on_with(seedsmith, endpoint):
    endpoint.script(*[text("No.")] * 9)
    done = seedsmith("run", "a b", "--verify", "false", *service(endpoint))
    assert done.returncode == 1
    session = done.stderr.rpartition("--resume ")[2].strip()
    assert seedsmith("run", "--resume", session, *service(endpoint)).returncode == 1


def test_a_stdout_that_is_closed_is_no_traceback(place, environment):
    command = f"exec '{SEEDSMITH}' models >&-"
    done = subprocess.run(("sh", "-c", command), env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_folder_that_is_gone_is_said_to_be(place, environment):
    (place / "gone").mkdir()
    command = f"rmdir ../gone; exec '{sys.executable}' -m seedsmith --version"
    done = subprocess.run(
        ("sh", "-c", command), cwd=place / "gone", env=environment, capture_output=True, text=True
    )
    told = "seedsmith: The current folder is gone, deleted or moved: go to one that is there.\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", told)


@pytest.mark.slow
def test_a_run_without_standard_streams_does_its_work(place, environment, endpoint):
    endpoint.script(calls(("shell", {"command": "echo two > b.txt"})), text("Done."))
    command = f"exec '{SEEDSMITH}' run 'Go on' --sandbox off {shlex.join(service(endpoint))} <&- >&- 2>&-"
    folder = place / "repo"
    done = subprocess.run(("sh", "-c", command), cwd=folder, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (folder / "b.txt").read_text() == "two\n"


def test_tool_prints_what_the_model_would_see(seedsmith):
    done = seedsmith("tool", "read", '{"path": "a.txt"}')
    assert done.returncode == 0 and "one" in done.stdout


def test_tool_as_json(seedsmith):
    done = seedsmith("tool", "shell", '{"command": "cat a.txt; exit 3"}', "--json")
    result = json.loads(done.stdout)
    assert set(result) == {"ok", "text", "data"} and "one" in result["text"]


@pytest.mark.parametrize(
    "arguments", ['{"path": "missing"}', '{"path": "../x"}', "{", "[]", '{"pth": "a.txt"}', "{}"]
)
def test_a_refused_call_exits_1(seedsmith, arguments):
    done = seedsmith("tool", "read", arguments, "--json")
    assert (done.returncode, json.loads(done.stdout)["ok"]) == (1, False)


def test_an_unknown_tool_is_refused_with_the_known_ones(seedsmith):
    done = seedsmith("tool", "nothing", "{}")
    assert done.returncode == 1 and "read" in done.stdout


def test_tool_takes_arguments_from_stdin_file_and_another_folder(seedsmith, place):
    (place / "arguments.json").write_text('{"path": "a.txt"}')
    (place / "other").mkdir()
    (place / "other" / "a.txt").write_text("elsewhere\n")
    assert "one" in seedsmith("tool", "read", "-", stdin='{"path": "a.txt"}').stdout
    assert (
        "elsewhere"
        in seedsmith("tool", "read", f"@{place}/arguments.json", "-C", str(place / "other")).stdout
    )


def test_demo_shows_the_repair_and_its_proof(seedsmith, endpoint):
    repair = {
        "path": "loans.py",
        "old": "borrowed - timedelta",
        "new": "borrowed + timedelta",
    }
    endpoint.script(calls(("edit", repair)), text("The difference was the wrong way round."))
    done = seedsmith("demo", *service(endpoint))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "+    return borrowed + timedelta(days=LOAN_DAYS)" in done.stderr
    assert "AssertionError: 1740 != 60" in endpoint.requests[0].raw.decode()
    assert "Proof: the tests gave exit code 1 before and 0 after." in done.stderr


def test_demo_says_when_the_model_fails(seedsmith, endpoint):
    endpoint.script(*[text("I can't.")] * 9)
    done = seedsmith("demo", "--max-turns", "2", *service(endpoint))
    assert done.returncode not in (0, 2) and "Proof" not in done.stderr
