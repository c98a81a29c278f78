"""The conversation's parts by themselves: blocks, changes, completion, the status line."""

from __future__ import annotations

import io
from dataclasses import replace
from types import SimpleNamespace

import pytest
from prompt_toolkit.buffer import Buffer, CompletionState
from prompt_toolkit.completion import CompleteEvent, Completion
from prompt_toolkit.data_structures import Size
from prompt_toolkit.document import Document
from prompt_toolkit.output.vt100 import Vt100_Output
from rich.console import Console

from seedsmith.agent.events import (
    Envelope,
    NoticeGiven,
    SessionFinished,
    SessionStarted,
    Text,
    TurnStarted,
    UsageReported,
)
from seedsmith.agent.frontends.conversation.ascii_signs import SpeltStream, letters_for
from seedsmith.agent.frontends.conversation.commands import meant
from seedsmith.agent.frontends.conversation.completion import MessageCompleter, ranked
from seedsmith.agent.frontends.conversation.edit_view import line_counts, show_change
from seedsmith.agent.frontends.conversation.line_input import _KeptHistory, _meant
from seedsmith.agent.frontends.conversation.live_output import fitted, prompt_lines
from seedsmith.agent.frontends.conversation.notification import Attention
from seedsmith.agent.frontends.conversation.planning import answer_to_plan
from seedsmith.agent.frontends.conversation.screen import ScreenFrontEnd, _whole_blocks
from seedsmith.agent.frontends.conversation.status_line import StatusLine
from seedsmith.agent.frontends.languages.language import Words
from seedsmith.agent.loop.inbox import Inbox
from seedsmith.agent.sessions.outcome import UNVERIFIED

WORDS = Words()
END = SessionFinished("done", 0, 1, 1, {}, None, False, None, [], "", "Old.")
DIFF = "--- a/a.py\n+++ b/a.py\n@@ -3,2 +3,2 @@\n kept\n-return one\n+return two\n"


@pytest.mark.parametrize(
    ("answer", "whole"),
    [
        ("one\n\ntwo", "one\n\n"),
        ("one", ""),
        ("one\ntwo\n", ""),
        ("```\na\n\nb\n", ""),
        ("```\na\n\nb\n```\n\nmore", "```\na\n\nb\n```\n\n"),
    ],
)
def test_blocks_end_at_blank_lines_outside_of_code(answer, whole):
    assert _whole_blocks(answer) == (whole, answer.removeprefix(whole))


def test_a_change_is_shown_with_numbers_and_marked_words():
    screen = io.StringIO()
    show_change(Console(file=screen, width=80, force_terminal=True, color_system="standard"), DIFF, WORDS)
    shown = screen.getvalue()
    assert "     4 - return one" in shown and "     4 + " in shown
    assert "\x1b[7;32mtwo" in shown and "\x1b[7;32mreturn" not in shown
    assert line_counts(DIFF) == [("a.py", 1, 1)] and line_counts("no diff") == []


def test_a_long_line_of_a_change_goes_on_behind_its_number():
    screen = io.StringIO()
    console = Console(file=screen, width=30, force_terminal=True, color_system=None)
    show_change(console, DIFF.replace("return two", "return one_of(several, words)"), WORDS)
    rows = [row.rstrip() for row in screen.getvalue().splitlines()]
    assert rows[-3:] == ["     4 + return", "         one_of(several,", "         words)"]


def test_long_changes_say_how_much_is_missing():
    screen = io.StringIO()
    show_change(Console(file=screen, width=80), DIFF, WORDS, most=1)
    assert "(2 more lines; /diff all shows them)" in screen.getvalue()


def test_paths_are_found_by_letters_in_their_order():
    paths = ["src/main.py", "pages/main.md", "src/domain/names.py", "文档/说明.md"]
    assert ranked("main", paths)[:2] == ["src/main.py", "pages/main.md"]
    assert ranked("sdn", paths) == ["src/domain/names.py"]
    assert ranked("说", paths) == ["文档/说明.md"] and ranked("xyz", paths) == []


def test_paths_with_spaces_are_completed_in_quotes():
    completer = MessageCompleter(dict, lambda: ["docs/my notes.md", "文档/设计 说明.md"])

    def completed(text: str) -> list[tuple[str, int]]:
        found = completer.get_completions(Document(text), CompleteEvent())
        return [(each.text, each.start_position) for each in found]

    assert completed("read @notes") == [('"docs/my notes.md"', -5)]
    assert completed('read @"my no') == [('"docs/my notes.md"', -6)]
    assert completed("读@说明") == completed("请看\uff0c@说明") == [('"文档/设计 说明.md"', -2)]
    assert completed("读 @说明") == [('"文档/设计 说明.md"', -2)]
    assert completed('read @"docs/my notes.md"') == completed('read @"docs/my notes.md" and') == []


def test_commands_and_paths_are_completed():
    completer = MessageCompleter(lambda: {"model": "choose", "help": "this"}, lambda: ["a/b.py"])

    def completed(text: str) -> list[str]:
        return [each.text for each in completer.get_completions(Document(text), CompleteEvent())]

    assert completed("/mo") == ["model"] and completed("look at @b") == ["a/b.py"]
    assert completed("a/mo") == completed("me@b") == []


def test_the_status_line_counts_over_runs():
    status = StatusLine(1000)
    started = SessionStarted("seed", "wcode", "chat", "/w", "bwrap", {})
    usage = UsageReported("r", "seed", "", 90, 0, 10, 0, 0.5, "≤ 32k")
    for number, event in enumerate((started, usage, usage)):
        status.show(Envelope(number, 0.0, "s1", event))
    assert status.text("plan", effort="high", running=2) == (
        "plan · wcode/seed · effort high · context 10% of 1k · tier ≤ 32k · ¥1.0000 (last turn ¥1.0000) · "
        "sandbox bwrap · 2 in the background"
    )
    status.show(Envelope(3, 0.0, "s1", started))
    status.show(Envelope(4, 0.0, "s1", usage))
    assert "¥1.5000 (last turn ¥0.5000)" in status.text("ask")
    line = status.text("ask", effort="high", width=60)
    assert line == "ask · wcode/seed · effort high · context 10% of 1k · ¥1.5000"
    assert status.text("ask", effort="high", width=20) == "ask · ¥1.5000"
    assert status.session == "s1" and status.bar(10) == "[#.........] 100 of 1,000 tokens (10%)"
    assert StatusLine(1000).bar(10, least=200) == "[##........] 200 of 1,000 tokens (20%)"


def test_messages_wait_in_their_order_and_can_be_taken_back():
    inbox = Inbox()
    inbox.put("one")
    inbox.put("two")
    assert inbox.waiting == ("one", "two") and inbox.take_back() == "two"
    assert inbox.take_all() == ("one",) and inbox.take_all() == () and inbox.take_back() == ""


def test_lines_fit_their_columns_wide_characters_too():
    assert fitted("文件内容很长", 7) == "文件内…" and fitted("文件", 4) == "文件"
    assert fitted("a\x1b[31mb", 40) == "a\\x1b[31mb"


def test_a_question_stands_in_lines_of_its_own_where_it_is_wide():
    assert prompt_lines("> ", 40) == ["> "] and prompt_lines("Your answer> ", 40) == ["Your answer> "]
    assert prompt_lines("Run it? [y once, n or no and why] ", 20) == [
        "Run it? [y once, n",
        "or no and why]",
        "> ",
    ]
    assert prompt_lines("要运行吗?[y 一次,n 不]", 14) == ["要运行吗?[y 一", "次,n 不]", "> "]


def told(*shown, **finish):
    """What a conversation's screen shows of a run's events and of how it finished."""
    screen = io.StringIO()
    front_end = ScreenFrontEnd(screen, lambda: None, WORDS)
    for number, event in enumerate((*shown, replace(END, **finish))):
        front_end.show(Envelope(number, 0.0, "s1", event))
    return screen.getvalue()


def test_of_a_long_message_the_beginning_is_shown():
    stream = io.StringIO()
    screen = ScreenFrontEnd(stream, lambda: None, WORDS)
    screen.echo("\n".join(f"line {number}" for number in range(5_000)))
    lines = stream.getvalue().splitlines()
    assert lines[1] == "> line 0" and lines[-2:] == ["  line 10", "  (4,989 more lines)"]


def test_a_run_without_an_answer_does_not_repeat_an_older_one():
    old = (TurnStarted(1), Text("Old."), END, TurnStarted(2))
    assert told(*old, message="Old.\n\nRefused.").count("Old.") == 1
    assert "Interrupted." not in told(*old, message="Interrupted.", status="interrupted")
    stopped = told(TurnStarted(1), Text("Look."), message="Look.\n\nInterrupted.", status="interrupted")
    assert "Interrupted." not in stopped and stopped.count("Look.") == 1


def test_a_turn_that_changed_nothing_is_not_told_what_others_did():
    diff = "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n"
    ends = {"diff": diff, "files_changed": ["f"], "undo": "seedsmith undo s1", "message": UNVERIFIED}
    first = replace(END, **ends)
    shown = told(Text("Done."), first, TurnStarted(2), Text("It was."), **ends)
    assert shown.count("1 file changed") == shown.count("/undo takes it back") == 1
    assert shown.count("with nothing verified") == 1 and "0 files changed" in shown
    assert "--verify" not in shown and shown.count("/verify CMD") == 1


def test_what_the_status_line_tells_is_no_line_of_its_own():
    estimate = NoticeGiven("cost_estimate", "It takes about ¥1.")
    usage = UsageReported("r", "seed", "", 90, 0, 10, 0, 0.5, "≤ 32k")
    shown = told(estimate, TurnStarted(1), Text("Hi."), usage, estimate, undo="seedsmith undo s1")
    assert shown.count("It takes") == 1 and "90 in" not in shown and "seedsmith undo" not in shown
    assert "/undo takes it back" in shown


@pytest.mark.parametrize("how, written", [("bell", "\a"), ("desktop", "\x1b]9;Done \\x1b.\x07"), ("off", "")])
def test_a_person_is_called_after_a_long_turn(how, written):
    screen = io.StringIO()
    output = Vt100_Output(screen, lambda: Size(rows=24, columns=80), term="xterm")
    attention = Attention(how, long_seconds=0)
    attention.turn_begins()
    attention.turn_ended(output, "Done \x1b.")
    assert screen.getvalue() == written
    short = Attention(how)
    short.turn_begins()
    short.turn_ended(output, "Done")
    assert screen.getvalue() == written


@pytest.mark.parametrize(
    "variable, written",
    [
        ("TMUX", "\a\x1bPtmux;\x1b\x1b]9;Done\x07\x1b\\"),
        ("STY", "\a\x1bP\x1b]9;Done\x07\x1b\\"),
        ("TERM", "\x1b]9;Done\x07"),
    ],
)
def test_what_the_terminal_runs_in_hands_a_notification_on(variable, written):
    screen = io.StringIO()
    output = Vt100_Output(screen, lambda: Size(rows=24, columns=80), term="xterm")
    Attention("desktop", environment={variable: "there"}).call(output, "Done")
    assert screen.getvalue() == written


def test_signs_are_spelt_where_the_terminal_has_no_unicode():
    screen = io.StringIO()
    stream = SpeltStream(screen, letters_for("ascii"))
    stream.write("✓ edit · ¥0.5 …")
    assert screen.getvalue() == "ok: edit - CNY 0.5 ..." and not stream.isatty()
    assert letters_for("utf-8")("✓ ·") == "✓ ·" and letters_for("no-such")("·") == "-"


@pytest.mark.parametrize("message", ["Interrupted.", "The disk is full. Make room there."])
def test_why_a_run_was_interrupted_is_told_unless_the_person_did_it(message):
    screen = io.StringIO()
    front_end = ScreenFrontEnd(screen, lambda: None, WORDS)
    front_end.show(Envelope(0, 0.0, "s1", replace(END, status="interrupted", message=message)))
    assert (message in screen.getvalue()) == (message != "Interrupted.")


def test_the_blocks_of_an_answer_stand_apart():
    screen = io.StringIO()
    front_end = ScreenFrontEnd(screen, lambda: None, WORDS)
    for number, delta in enumerate(("One.\n\n", "Two.\n\n", "Three.")):
        front_end.show(Envelope(number, 0.0, "s1", Text(delta)))
    front_end.show(Envelope(3, 0.0, "s1", NoticeGiven("kept", "A notice.")))
    front_end.show(Envelope(4, 0.0, "s1", Text("Four.\n\n")))
    rows = [row.rstrip() for row in screen.getvalue().splitlines()]
    assert rows == ["One.", "", "Two.", "", "Three.", "- A notice.", "Four."]


def test_history_that_can_not_be_written_stops_nothing(tmp_path):
    history = _KeptHistory(tmp_path / "no-such-folder" / "history", str, str)
    history.append_string("typed")
    assert history.get_strings() == ["typed"]


def test_enter_takes_the_first_path_where_none_is_chosen():
    paths = [Completion("src/main.py", -4), Completion("main.md", -4)]
    buffer = Buffer(document=Document("look at @main"))
    assert _meant(buffer) is None
    buffer.complete_state = CompletionState(buffer.document, paths)
    assert _meant(buffer) is paths[0]
    buffer.complete_state.go_to_index(1)
    assert _meant(buffer) is paths[1]
    whole = Buffer(document=Document("look at @main.md"))
    whole.complete_state = CompletionState(whole.document, paths)
    assert _meant(whole) is None


def test_an_answers_code_and_lists_have_no_blank_lines_of_their_own():
    rows = [row.rstrip() for row in told(Text("One:\n\n- a\n\n```\nb\n\n\nc\n```\n\nEnd.")).splitlines()]
    assert rows[: rows.index("End.") + 1] == ["One:", "", " • a", "", " b", "", "", " c", "", "End."]


@pytest.mark.parametrize(
    "typed, line",
    [
        ("  /help", "/help"),
        (" exit ", "/quit"),
        (":q", "/quit"),
        ("?", "/help"),
        ("  indented", "  indented"),
    ],
)
def test_what_other_programs_call_a_command_is_one(typed, line):
    assert meant(typed) == line


async def test_a_plan_is_answered_in_full_words_too():
    async def becomes(said: str) -> tuple[str, str | None]:
        talk = SimpleNamespace(words=WORDS, changed=None)
        talk.set = lambda **changed: setattr(talk, "changed", changed["approve"])

        async def ask(_):
            return said

        talk.ask = ask
        return await answer_to_plan(talk, "The plan."), talk.changed

    assert await becomes("Yes") == ("Carry out the plan.", "ask")
    assert await becomes("y, but without tests") == ("Carry out the plan. but without tests", "ask")
    assert await becomes("no, use sed") == ("use sed", None)
    assert await becomes("") == ("", None)
    assert await becomes("use sed") == ("use sed", None)


def test_after_an_answer_broke_off_the_model_is_waited_for():
    front_end = ScreenFrontEnd(io.StringIO(), lambda: None, WORDS)
    events = (TurnStarted(1), Text("Half an ans"), NoticeGiven("retry", "It broke off; asking again in 1 s."))
    under_way = []
    for number, event in enumerate(events):
        front_end.show(Envelope(number, 0.0, "s1", event))
        under_way.append(front_end.under_way(80)[-1])
    assert "the model answers" in under_way[1] and "waiting for the model" in under_way[2]
