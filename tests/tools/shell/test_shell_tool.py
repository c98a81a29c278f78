"""The shell tool's text and data, from real commands."""

from __future__ import annotations

import pytest


async def test_output_and_exit_code_are_told(bench):
    result = await bench.call("shell", command="echo hello; echo oops >&2")
    assert result.ok
    assert result.text == "hello\noops\nexit code 0"
    assert result.data["exit_code"] == 0 and result.data["timed_out"] is False


async def test_a_failing_command_is_not_ok_and_keeps_its_output(bench):
    result = await bench.call("shell", command="echo before; exit 3")
    assert not result.ok
    assert result.text == "before\nexit code 3"
    assert result.data["exit_code"] == 3


async def test_each_call_starts_in_the_workspace_root(bench):
    (bench.root / "sub").mkdir()
    await bench.call("shell", command="cd sub; export LEFT=behind")
    result = await bench.call("shell", command='pwd; echo "[$LEFT]"')
    assert result.text == f"{bench.root}\n[]\nexit code 0"


@pytest.mark.slow
async def test_a_command_that_hangs_is_timed_out(bench):
    result = await bench.call("shell", command="echo begun; sleep 60", timeout=3)
    assert not result.ok and result.data["timed_out"] is True
    assert result.text.startswith("begun\n") and "timed out after 3 seconds" in result.text


async def test_long_output_is_elided_exactly_and_read_back_whole(bench):
    result = await bench.call("shell", command="seq 1 20000")
    spill = result.data["spill"]
    assert f"the whole: spill:{spill}" in result.text
    shown = [int(line) for line in result.text.splitlines() if line.isdigit()]
    assert shown[0] == 1 and shown[-1] == 20000
    back = await bench.call("read", path=f"spill:{spill}", offset=9999, limit=2)
    assert back.text.splitlines()[:2] == [" 9999\t9999", "10000\t10000"]


async def test_terminal_sequences_are_gone_and_invisible_characters_shown(bench):
    result = await bench.call(
        "shell", command=r"printf '\033[31mred\033[0m \033]0;title\007\033[2J a\rb \342\200\256 \377\n'"
    )
    assert "\x1b" not in result.text and "title" not in result.text
    assert result.text == "red  a\nb \\u{202E} \\x{FF}\nexit code 0"


async def test_no_output_at_all_still_says_how_it_ended(bench):
    assert (await bench.call("shell", command="true")).text == "exit code 0"


@pytest.mark.slow
async def test_a_timeout_is_told_once(bench):
    result = await bench.call("shell", command="sleep 60", timeout=1)
    assert result.text == "timed out after 1 second; everything it started was ended"


async def test_a_pipe_does_not_hide_that_there_is_no_network(bench):
    said = "curl: (6) Could not resolve host: example.org"
    result = await bench.call("shell", command=f"(echo '{said}'; exit 6) | tail -1")
    assert result.ok and "The sandbox has no network." in result.text


async def test_a_limit_of_threads_is_told_though_a_pipe_hides_the_failure(bench):
    said = "RuntimeError: can't start new thread"
    result = await bench.call("shell", command=f'(echo "{said}"; exit 1) | tail -1')
    assert "512 processes and threads" in result.text


async def test_what_a_command_leaves_running_is_told_with_the_way_to_keep_it(bench):
    result = await bench.call("shell", command="sleep 987 & echo started")
    assert result.text.startswith("started\n[still running when the command ended")
    assert "ended with it: sleep 987]\n" in result.text
    assert "background: true" in result.text and result.data["exit_code"] == 0


async def test_a_daemon_is_told_and_the_exit_code_kept(bench):
    result = await bench.call("shell", command="(setsid sleep 987 >/dev/null 2>&1 &); exit 3")
    assert "ended with it: sleep 987]" in result.text and result.data["exit_code"] == 3


async def test_nothing_is_told_of_what_ends_by_itself(bench):
    result = await bench.call("shell", command="sleep 0.01 & cat <(echo a) && echo b 2>&1 & wait; echo c")
    assert result.text == "a\nb\nc\nexit code 0"


async def test_a_pipe_does_not_hide_what_is_read_only(bench):
    result = await bench.call("shell", command="echo 'touch: /usr/new: Read-only file system' | cat")
    assert result.ok and "lets commands write the workspace and /tmp alone" in result.text
