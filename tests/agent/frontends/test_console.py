import contextlib
import io
import os

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from shown_events import shown, shown_in_terminal

from seedsmith.agent import events
from seedsmith.agent.frontends.console import ConsoleFrontEnd
from seedsmith.agent.frontends.terminal import one_line, visible
from seedsmith.sandbox.workspace.paths import shown as path_in_message
from seedsmith.tools.text import escape

HOSTILE = "\x1b[2J\x1b]52;c;aGk=\x07\x9b31m\rrm -rf\x08\u202eevil\u2066\u200b\U000e0041\udcff"
RUN = (
    events.SessionStarted(
        "doubao", "wcode", "chat", "/w", "bwrap", {"turns": 9000, "cost": 2.5, "seconds": None}
    ),
    events.TurnStarted(1),
    events.Reasoning("let me "),
    events.Reasoning("see"),
    events.Text("Looking at [bold]it[/bold]: :smile:"),
    events.ToolStarted("c1", "shell", {"command": "pytest -q"}),
    events.ToolFinished("c1", True, "1 failed", 1234.0, {}),
    events.UsageReported("r", "doubao", "", 1200, 1000, 34, 5, 0.00446, "<=32k"),
    events.VerifyFinished("pytest -q", 1, "E  assert 1 == 2\n"),
    events.NoticeGiven("retry", "the service was busy; asked again"),
    events.TurnStarted(2),
    events.Text("Done."),
    events.SessionFinished(
        "done",
        0,
        2,
        1,
        {"total_tokens": 1234},
        0.0123,
        False,
        None,
        ["a.py"],
        "--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n",
        "Done.\n\nProof: it ran.",
    ),
)


@pytest.fixture
def colour_terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize(
    "name, arguments, told",
    [
        ("git", {"action": "status"}, "git status"),
        ("git", {"action": "add", "paths": ["a.py", "b.py"]}, "git add a.py b.py"),
        ("git", {"action": "commit", "message": "Mend it"}, "git commit Mend it"),
        ("grep", {"pattern": "slug", "path": "src"}, "grep src slug"),
        ("mcp", {"server": "notes", "arguments": {"a": 1}}, 'mcp {"server": "notes", "arguments": {"a": 1}}'),
        ("git", {}, "git"),
    ],
)
def test_a_call_is_told_by_its_action_and_what_it_is_about(name, arguments, told):
    said = shown(events.ToolStarted("c1", name, arguments), events.ToolFinished("c1", True, "", 1.0, {}))
    assert f" {told} · " in said


def test_a_whole_run_in_a_file_is_plain_text():
    text = shown(*RUN)
    assert "\x1b" not in text and "\r" not in text
    for line in (
        "wcode/doubao over chat in /w",
        "sandbox: bwrap",
        "budget: 9,000 turns, 2.5 yuan",
        "thought, 10 characters",
        "Looking at [bold]it[/bold]: :smile:",
        "✓ shell pytest -q · 1 failed · 1.2 s",
        "1,200 in (1,000 cached) · 34 out (5 thinking) · ¥0.0045 · tier <=32k",
        "✗ verify: pytest -q → exit code 1",
        "  E  assert 1 == 2",
        "! the service was busy; asked again",
        "+y",
        "Proof: it ran.",
        "- done, with nothing verified · 2 turns · 1 call · 1,234 tokens · ¥0.0123 · 1 file changed",
    ):
        assert line in text.split("\n"), line
    assert text.count("Done.") == 1


def test_a_terminal_gets_colours_and_a_line_that_is_replaced(colour_terminal):
    text = shown_in_terminal(*RUN)
    assert "\x1b[32m+y" in text and "\x1b[31m-x" in text
    assert "… thinking, 10 characters" in text and "\r\x1b[2K" in text


def test_no_color_is_obeyed(colour_terminal, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[32m" not in shown_in_terminal(*RUN)


def test_a_dumb_terminal_gets_no_control_sequence(colour_terminal, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b" not in shown_in_terminal(*RUN)


@pytest.mark.parametrize("columns", ["1", "20", "400"])
def test_any_width_shows_every_event(colour_terminal, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    text = shown_in_terminal(*RUN)
    assert "can't be shown" not in text and "Proof: it ran." in text


@pytest.mark.parametrize("data, told", [({"id": "b1"}, True), ({}, False)])
def test_in_little_room_a_command_that_goes_on_is_told_all_the_same(colour_terminal, monkeypatch, data, told):
    monkeypatch.setenv("COLUMNS", "60")
    started = events.ToolStarted("c", "shell", {"command": "make everything that there is to make here"})
    ends = "still running after 120 seconds; left in the background as b1"
    shown = shown_in_terminal(started, events.ToolFinished("c", True, ends, 1.0, data))
    assert ("background as b1" in " ".join(shown.split())) == told


def hostile_run(text):
    return (
        events.SessionStarted(text, text, text, text, text, {text: text}),
        events.Text(text),
        events.Reasoning(text),
        events.ToolStarted("c", text, {"command": text}),
        events.ToolFinished("c", False, text, 1.0, {}),
        events.ToolStarted("d", text, text),
        events.ToolFinished("d", True, text, 1.0, {}),
        events.ApprovalRequested("c", text, text),
        events.UsageReported("r", text, text, 1, 0, 1, 0, None, text),
        events.Compacted(1, 2, text),
        events.VerifyFinished(text, None, text),
        events.NoticeGiven(text, text),
        events.SessionFinished("gave_up", 1, 1, 1, {}, None, False, None, [text], text, text),
    )


def test_nothing_in_a_run_can_drive_the_terminal():
    text = shown(*hostile_run(HOSTILE))
    assert not set(text) & set(HOSTILE) - set(visible(HOSTILE))
    assert "can't be shown" not in text


@settings(max_examples=examples(60), deadline=None)
@given(st.text(st.characters(codec=None), max_size=40))
def test_every_text_is_shown_harmlessly(text):
    output = shown(*hostile_run(text))
    assert "can't be shown" not in output
    assert visible(output) == output


def test_of_a_search_each_change_is_one_line():
    change = {"path": "a.py", "old": "if x:\n    y = 1", "new": "if x:\n    y = 2"}
    text = shown(
        events.NoticeGiven("suspects", "Suspects: f."),
        events.NoticeGiven("question", "Question 1: what is right in place of line 2"),
        events.TurnStarted(1),
        events.UsageReported("r", "qwen", "", 1200, 1000, 34, 5, 0.0, ""),
        events.ToolStarted("try-1", "edit", change),
        events.ToolFinished("try-1", True, "edited a.py at 1 place", 3.0, {}),
        events.ToolStarted("back-1", "edit", change),
        events.ToolFinished("back-1", True, "edited a.py at 1 place", 3.0, {}),
    )
    assert text == "- Suspects: f.\n· tried in a.py: y = 2\n"


def test_a_proof_is_waited_for_and_is_no_warning():
    text = shown(
        events.NoticeGiven("old_side", "The tests run on the code as it was, too."),
        events.NoticeGiven("proven", "Proven on both sides: a fails on the code as it was and passes now."),
        events.NoticeGiven("both_sides", "Not proven: a fails on the code as it is."),
    )
    assert text == (
        "- The tests run on the code as it was, too …\n"
        "- Proven on both sides: a fails on the code as it was and passes now.\n"
        "! Not proven: a fails on the code as it is.\n"
    )


def test_the_plan_is_shown_as_a_list_and_harmlessly():
    plan = [{"text": "Look", "state": "done"}, {"text": f"Fix{HOSTILE}", "state": "active"}]
    plan.append({"text": "Test", "state": "pending"})
    text = shown(
        events.ToolStarted("c1", "todo", {"items": plan}),
        events.ToolFinished("c1", True, "1 of 3 steps done", 1.0, {"plan": plan}),
    )
    assert text.startswith("✓ todo · 1 of 3 steps done · 1 ms\n  [x] Look\n  [>] Fix")
    assert text.endswith("\n  [ ] Test\n") and "\x1b" not in text


def test_nothing_is_replaced_where_a_person_types(colour_terminal):
    started = events.ToolStarted("c1", "ask", {"question": "Which?"})
    assert "Which?" not in shown_in_terminal(started)
    assert "Which?" in shown_in_terminal(started, events.ToolFinished("c1", True, "answered", 1.0, {}))


def test_a_weaker_sandbox_is_said():
    text = shown(events.SessionStarted("m", "p", "chat", "/w", "landlock", {}))
    assert "sandbox: landlock, the weaker tier" in text


def test_markup_of_rich_is_not_read():
    assert "[red]x[/red]" in shown(events.NoticeGiven("c", "[red]x[/red]"))


def test_a_closed_stream_is_not_an_error():
    stream = io.StringIO()
    front_end = ConsoleFrontEnd(stream)
    stream.close()
    sink = events.EventSink("s", (front_end,))
    sink.emit(events.Text("x"))
    sink.emit(events.TurnStarted(1))
    front_end.close()
    assert stream.closed


def test_a_reader_that_has_gone_ends_no_run(capfd):
    reader, writer = os.pipe()
    os.close(reader)
    with contextlib.suppress(BrokenPipeError), open(writer, "w") as stream:
        front_end = ConsoleFrontEnd(stream)
        sink = events.EventSink("s", (front_end,))
        sink.emit(events.NoticeGiven("c", "lost"))
        sink.emit(events.TurnStarted(1))
        front_end.close()
    print("Other streams stay.", flush=True)
    assert capfd.readouterr().out == "Other streams stay.\n"


def test_an_event_of_the_wrong_shape_is_not_an_error():
    assert "usage can't be shown" in shown(events.UsageReported("r", "m", "", "many", 0, 0, 0, None, ""))


def test_a_long_diff_is_counted():
    diff = "".join(f"+{number}\n" for number in range(1000))
    text = shown(events.SessionFinished("done", 0, 1, 1, {}, None, False, None, [], diff, ""))
    assert "(600 more lines of diff; the whole: seedsmith sessions diff s)" in text


def test_a_long_diff_ends_with_its_files():
    diff = "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -0,0 +1,500 @@\n" + "+1\n" * 500
    text = shown(events.SessionFinished("done", 0, 1, 1, {}, None, False, None, [], diff, ""))
    assert "\n  x.py  +500 -0\n" in text


def test_deleted_lines_that_begin_with_dashes_are_no_headers(colour_terminal):
    diff = "--- a/x\n+++ b/x\n@@ -1,3 +1,2 @@\n--- a comment\n-two\n+++ plus\n three\n--- a/y\n"
    text = shown_in_terminal(events.SessionFinished("done", 0, 1, 1, {}, None, False, None, [], diff, ""))
    for styled in ("31m--- a comment", "32m+++ plus", "1m--- a/x", "1m--- a/y"):
        assert f"\x1b[{styled}" in text, styled


def test_the_end_of_a_failed_commands_output_is_shown():
    data = {"exit_code": 1, "output_end": "E  assert 1 == 2\n1 failed"}
    for ok in (False, True):
        text = shown(
            events.ToolStarted("c1", "shell", {"command": "pytest -q"}),
            events.ToolFinished("c1", ok, "exit code 1", 5.0, data),
        )
        assert ("\n  E  assert 1 == 2\n  1 failed\n" in text) is not ok


def test_visible_escapes():
    assert visible("a\tb\nc") == "a\tb\nc"
    assert visible("\x1b[0m\r\u202e\udcff\U000e0041") == "\\x1b[0m\\x0d\\u{202e}\\xff\\u{e0041}"


def test_a_terminal_and_a_model_are_shown_the_same_characters():
    letters = [chr(code) for code in (*range(0x10000), *range(0xE0000, 0xE1000), 0x1F600)]
    hidden = [letter for letter in letters if visible(letter) != letter]
    assert hidden == [letter for letter in letters if escape(letter) != letter]
    assert set("\u034f\u115f\u180b\u3164\ufe00\ufe0e\uffa0") < set(hidden)
    assert "\ufe0f" not in hidden
    assert all(path_in_message(letter) != letter for letter in hidden)


def test_one_line_counts_what_it_cut():
    assert one_line("a\nb   c", 20) == "a b c"
    assert one_line("x" * 100, 20) == "xxxxxxxx… (+92)"


def test_tokens_are_told_by_kind_and_a_doubtful_cost_as_such():
    usage = events.UsageReported("r", "m", "", 1200, 0, 34, 0, 0.5, "", {}, cost_estimated=True)
    total = {"input_tokens": 1200, "cached_tokens": 7, "output_tokens": 34, "reasoning_tokens": 5}
    end = events.SessionFinished(
        "done", 0, 1, 0, total | {"total_tokens": 1234}, 0.5, True, None, [], "", "Done."
    )
    text = shown(events.NoticeGiven("cost_estimate", "It takes about ¥1."), usage, end)
    assert "- It takes about ¥1.\n1,200 in · 34 out · about ¥0.5000\n" in text
    assert "1,234 tokens (1,200 in, 7 cached, 34 out, 5 thinking) · about ¥0.5000" in text


def test_a_replay_prints_no_cost():
    estimate = events.NoticeGiven("cost_estimate", "The first question takes about ¥0.01.")
    text = shown(RUN[0], estimate, *RUN[1:], replays=True)
    assert "¥" not in text and "nothing paid" in text and "1,200 in" in text
    assert "¥0.0123" in shown(*RUN)


def test_that_there_is_no_repository_is_told():
    without = events.SessionStarted("m", "p", "chat", "/w", "bwrap", {}, git=False)
    assert "no git repository: the diff is against what the folder held at the start\n" in shown(without)
    assert "no git repository" not in shown(RUN[0])


@pytest.mark.parametrize(
    "summary, data, told",
    [
        ("refused by you", {events.REFUSED: True}, "- done, the last call was refused"),
        ("no such file", {}, "- done, the last call failed"),
    ],
)
def test_a_no_is_no_failure(summary, data, told):
    ended = events.SessionFinished("done", 0, 1, 1, {}, None, False, None, [], "", "Ok.")
    call = events.ToolStarted("c1", "shell", {"command": "rm a"})
    assert told in shown(call, events.ToolFinished("c1", False, summary, 1.0, data), ended)


@pytest.mark.parametrize(
    "summary, told",
    [
        ("src/a.py: 196 lines", "src/a.py · 196 lines"),
        ("edited src/a.py at 1 place", "src/a.py · edited at 1"),
    ],
)
def test_a_path_is_told_once(summary, told):
    call = events.ToolStarted("c1", "read", {"path": "src/a.py"})
    assert told in shown(call, events.ToolFinished("c1", True, summary, 1.0, {}))
