"""The command from its start to its last event, against a service that is scripted."""

from __future__ import annotations

import json
import os
import signal
import subprocess

import pytest
from asked import messages, shell, tool_texts
from examples import first_fast
from scripted_endpoint import calls, error, reasoning, text
from waiting import wait_until


def thirty_turns():
    """Several calls in one answer, failing tools, a 429, a cut stream, bad calls, and real work."""
    yield reasoning("Let me look.", calls=(("read", {"path": "."}), ("grep", {"pattern": "def"})))
    yield calls(("read", {"path": "missing.py"}), ("nonsense", {}), ("read", '{"path": '))
    yield error(429, "ServerOverloaded", headers={"retry-after": "0"})
    yield calls(("edit", {"path": "app.py", "old": "not there", "new": "x"}), shell("exit 3"))
    yield calls(shell("echo lost > lost.txt"), cut_after=300)
    yield calls(("edit", {"path": "app.py", "old": "a - b", "new": "a + b"}), ("read", {"path": "app.py"}))
    for number in range(24):
        yield calls(
            ("write", {"path": f"out/{number}.txt", "content": f"{number}\n"}),
            shell(f"cat out/{number}.txt >> all.txt"),
        )
    yield calls(shell("python3 -c 'import app; assert app.add(2, 2) == 4'"))
    yield text("Added instead of subtracting.")


def test_thirty_turns_end_with_the_right_tree_and_diff(seedsmith, endpoint):
    (seedsmith.workspace / "app.py").write_text("def add(a, b):\n    return a - b\n")
    endpoint.script(*thirty_turns())
    done = seedsmith.run("Fix add", "--verify", "python3 -c 'import app; assert app.add(1, 2) == 3'")
    assert done.code == 0, done.errors
    expected = {f"out/{number}.txt": f"{number}\n" for number in range(24)}
    expected["all.txt"] = "".join(f"{number}\n" for number in range(24))
    expected["app.py"] = "def add(a, b):\n    return a + b\n"
    assert seedsmith.tree() == expected
    last = done.last
    assert (last["type"], last["status"], last["exit_code"], last["turns"]) == (
        "session.finished",
        "done",
        0,
        30,
    )
    assert last["files_changed"] == sorted(expected)
    assert "-    return a - b\n+    return a + b\n" in last["diff"] and "+23\n" in last["diff"]
    assert last["verified"]["before_exit_code"] == 1
    assert last["verified"]["exit_code"] == 0 and last["verified"]["after_last_edit"] is True
    assert last["verified"]["tests_changed"] == []
    assert "exit code 1 before, exit code 0 now, run after the last edit" in last["message"]
    assert last["tool_calls"] == 58 and last["usage"]["total_tokens"] > 0
    assert [notice["code"] for notice in done.of("notice")] == ["retry", "retry"]
    assert [event["seq"] for event in done.events] == list(range(1, len(done.events) + 1))


def test_the_diff_applies_with_git(seedsmith, endpoint, tmp_path):
    (seedsmith.workspace / "a.txt").write_text("one\ntwo\nthree")
    (seedsmith.workspace / "gone.txt").write_text("bye\n")
    endpoint.script(
        calls(
            ("edit", {"path": "a.txt", "old": "two", "new": "2"}),
            shell("rm gone.txt; echo hi > new.sh; chmod +x new.sh"),
        ),
        text("done"),
    )
    done = seedsmith.run("Change things")
    before = tmp_path / "before"
    before.mkdir()
    (before / "a.txt").write_text("one\ntwo\nthree")
    (before / "gone.txt").write_text("bye\n")
    applied = subprocess.run(
        ["git", "apply", "-"], cwd=before, input=done.last["diff"].encode(), capture_output=True
    )
    assert applied.returncode == 0, applied.stderr
    assert {path.name: path.read_text() for path in before.iterdir()} == seedsmith.tree()
    assert os.access(before / "new.sh", os.X_OK)


def test_each_request_begins_with_the_whole_of_the_one_before(seedsmith, endpoint):
    (seedsmith.workspace / "AGENTS.md").write_text("Be kind.\n")
    steps = [
        reasoning(f"step {n}", calls=(shell(f"echo {n}"), ("read", {"path": "AGENTS.md"}))) for n in range(6)
    ]
    endpoint.script(*steps, reasoning("only thought"), calls(("read", "{broken")), text("done"))
    assert seedsmith.run("Go on").code == 0
    bodies = [request.raw for request in endpoint.requests]
    for before, after in zip(bodies, bodies[1:], strict=False):
        assert before.endswith(b"]}") and after.startswith(before[:-2])
    assert len(bodies[0]) < 10_000


def test_a_failed_verification_is_fed_back_until_it_passes(seedsmith, endpoint):
    endpoint.script(calls(shell("echo 1 > n")), text("Done."), calls(shell("echo 2 > n")), text("Done now."))
    done = seedsmith.run("Write 2 to n", "--verify", "cat n; grep -q 2 n")
    assert done.code == 0 and done.last["status"] == "done"
    assert [event["exit_code"] for event in done.of("verify.finished")] == [2, 1, 0]
    first, fed_back = (
        messages(endpoint.requests[0])[-1]["content"],
        messages(endpoint.requests[2])[-1]["content"],
    )
    assert "exit code 2" in first and "No such file" in first
    assert "exit code 1" in fed_back and "\n1\n" in fed_back


def test_a_model_with_nothing_more_to_offer_ends_unverified(seedsmith, endpoint):
    endpoint.script(calls(shell("echo 1 > n")), text("Done."), text("The check is wrong."))
    done = seedsmith.run("Write 2 to n", "--verify", "grep -q 2 n")
    assert (done.code, done.last["status"]) == (1, "unverified")
    assert "exit code 1 now" in done.last["message"] and len(endpoint.requests) == 3


def test_changed_tests_are_named(seedsmith, endpoint):
    endpoint.script(calls(("write", {"path": "tests/test_a.py", "content": "pass\n"})), text("done"))
    done = seedsmith.run("Go", "--verify", "true")
    assert done.last["verified"]["tests_changed"] == ["tests/test_a.py"]
    assert "tests changed: tests/test_a.py" in done.last["message"]


def test_commands_of_one_answer_run_together(seedsmith, endpoint):
    wait = "touch {0}; for i in $(seq 2000); do [ -e {1} ] && exit 0; sleep 0.005; done; exit 1"
    pairs = [("a", "b"), ("b", "c"), ("c", "d"), ("d", "a")]
    endpoint.script(calls(*(shell(wait.format(*pair)) for pair in pairs)), text("met"))
    done = seedsmith.run("Meet")
    assert [event["ok"] for event in done.of("tool.finished")] == [True] * 4


def test_in_order_when_calls_may_not_be_parallel(seedsmith, endpoint):
    endpoint.script(calls(*(shell(f"echo {n} >> log") for n in range(4))), text("done"))
    seedsmith.run("Log", "--no-parallel-tool-calls")
    assert seedsmith.tree() == {"log": "0\n1\n2\n3\n"}


def test_no_secret_reaches_commands_records_or_events(seedsmith, endpoint):
    look = "env; cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n'; true"
    leak = 'echo "sk-very-secret-key""-of-the-user"'
    endpoint.script(calls(shell(look), shell(leak)), text("done"))
    done = seedsmith.run("Look")
    assert endpoint.requests[0].headers["authorization"] == "Bearer sk-very-secret-key-of-the-user"
    everything = json.dumps(done.events) + done.errors + (seedsmith.session / "records.jsonl").read_text()
    assert "sk-very-secret-key-of-the-user" not in everything
    assert b"sk-very-secret-key-of-the-user" not in endpoint.requests[1].raw
    env, echoed = tool_texts(endpoint.requests[1])
    assert "PATH=" in env and "SEEDSMITH_API_KEY" not in env and "[redacted]" in echoed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flags", "code", "status"),
    [
        (("--max-turns", "2"), 3, "budget"),
        (("--max-tokens", "100"), 3, "budget"),
        (("--max-time", "1"), 3, "budget"),
    ],
)
def test_budgets_end_a_run(seedsmith, endpoint, flags, code, status):
    slow = "sleep 30" if "--max-time" in flags else "true"
    endpoint.script(*(calls(shell(f"{slow} # {n}")) for n in range(5)))
    done = seedsmith.run("Go", *flags)
    assert (done.code, done.last["status"]) == (code, status)
    assert flags[0] in done.last["message"]


def test_a_provider_that_refuses_is_exit_4(seedsmith, endpoint):
    endpoint.script(error(401, "AuthenticationError", "bad key"))
    done = seedsmith.run("Go")
    assert (done.code, done.last["status"]) == (4, "provider_error") and "SEEDSMITH_API_KEY" in done.last[
        "message"
    ]


def test_wrong_usage_is_exit_2(seedsmith):
    assert seedsmith.run("Go", "--max-cost", "1").code == 2
    assert seedsmith.run("Go", "--resume", "nothing").code == 2
    seedsmith.state = seedsmith.workspace / "state"
    refused = seedsmith.run("Go")
    assert refused.code == 2 and "inside the workspace" in refused.errors


def test_ctrl_c_leaves_tree_and_session_consistent(seedsmith, endpoint):
    endpoint.script(
        calls(("write", {"path": "a", "content": "1"}), shell("touch started; sleep 300; touch survived")),
        text("I was interrupted."),
    )
    process = seedsmith.start("Go")
    wait_until((seedsmith.workspace / "started").exists, lambda: "the command")
    process.send_signal(signal.SIGINT)
    done = seedsmith.finish(process)
    assert (done.code, done.last["status"]) == (130, "interrupted")
    assert done.last["files_changed"] == ["a", "started"]
    again = seedsmith.run("Go on", "--resume", seedsmith.session.name)
    assert again.code == 0
    written, interrupted = tool_texts(endpoint.requests[1])
    assert "interrupted" in interrupted and "interrupted" not in written
    assert "survived" not in seedsmith.tree()


@pytest.mark.slow
def test_killed_while_a_call_runs_it_never_runs_twice(seedsmith, endpoint):
    script = [
        calls(
            shell("echo ran >> log; touch started; sleep 300"), ("write", {"path": "after", "content": "x"})
        ),
        text("done"),
    ]
    endpoint.script(*script)
    process = seedsmith.start("Go")
    wait_until((seedsmith.workspace / "started").exists, lambda: "the command")
    process.kill()
    process.communicate()
    done = seedsmith.run("Go on", "--resume", seedsmith.session.name)
    assert done.code == 0 and seedsmith.tree()["log"] == "ran\n"
    interrupted, written = tool_texts(endpoint.requests[1])
    assert "may have taken effect" in interrupted and seedsmith.tree()["after"] == "x", written


@pytest.mark.slow
@pytest.mark.parametrize("at", first_fast(1, [2, 0, 5]))
def test_killed_between_turns_it_goes_on_from_the_last_step(seedsmith, endpoint, at):
    steps = [
        calls(shell(f"echo {n} >> log"), ("write", {"path": f"f{n}", "content": f"{n}"})) for n in range(5)
    ]
    steps.append(text("done"))
    endpoint.script(lambda request: steps[sum(m["role"] == "assistant" for m in messages(request))])
    seedsmith.run_killed_at(at, "Count to five", "--verify", "test -e f4")
    done = seedsmith.run("Go on", "--resume", seedsmith.session.name)
    assert done.code == 0, done.errors
    assert seedsmith.tree() == {"log": "0\n1\n2\n3\n4\n"} | {f"f{n}": str(n) for n in range(5)}
    assert done.last["verified"]["before_exit_code"] == 1 and done.last["status"] == "done"
    before, after = endpoint.requests[at].raw, endpoint.requests[at + 1].raw
    assert after.startswith(before[:-2]) and messages(endpoint.requests[at + 1])[-1]["content"] == "Go on"
