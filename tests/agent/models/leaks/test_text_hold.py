"""People see no markup of leaked calls and thinking, and lose none of the text that is not markup."""

from __future__ import annotations

import pytest
from examples import FLOOD_LENGTH, examples
from hypothesis import given, settings
from hypothesis import strategies as st

from seedsmith.agent.models.base import TextDelta
from seedsmith.agent.models.leaks.recover import recover
from seedsmith.agent.models.leaks.text_hold import TextHold
from seedsmith.tools.base import ToolSpec

TOOLS = (ToolSpec("read", "Read.", {"type": "object", "properties": {"path": {"type": "string"}}}),)
READ = '{"name": "read", "arguments": {"path": "a.py"}}'
CALLS = [
    "<seed:tool_call><function=read><parameter=path>a.py</parameter></function></seed:tool_call>",
    '<seed:tool_call>\n<function name="read">\n</function>',
    f"<tool_call>\n{READ}\n</tool_call>",
    "<tool_call>\n<function=read>\n</function>\n</tool_call>",
    f"<|FunctionCallBegin|>[{READ}]<|FunctionCallEnd|>",
    f"```json\n{READ}\n```",
    f"```JSON\n{READ}",
    f"````\n{READ}\n````",
    '<invoke name="read">\n<parameter name="path">a.py</parameter>\n</invoke>',
    '<function_calls><invoke name="read"></invoke></function_calls>',
    '<minimax:tool_call>\n<invoke name="read"></invoke>\n</minimax:tool_call>',
    "<|tool_calls_section_begin|><|tool_call_begin|>functions.read:0<|tool_call_argument_begin|>{}<|tool_call_end|>",
    "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>read<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
    "<tool_call>read\n<arg_key>path</arg_key>\n<arg_value>a.py</arg_value>\n</tool_call>",
    "<function=read>\n</function>\n</tool_call>",
    f"[TOOL_CALLS][{READ}]",
]


def shown(pieces, tools=TOOLS):
    """What people see of an answer that comes in ``pieces``, the end of it apart; and the answer's text."""
    hold = TextHold(tools)
    before = [delta for piece in pieces for delta in hold.feed(piece)]
    text = recover("".join(pieces), tools).text
    assert all(delta.text for delta in before)
    return said(before), said(hold.close(text)), text


def said(deltas):
    return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))


@pytest.mark.parametrize(
    "prose", ["", "I look.\n", "我来看看：", "```py\nx < 1\n```\n\n", "<seed:think>Hm.</seed:think>\n"]
)
@pytest.mark.parametrize("call", [*CALLS, READ])
def test_no_split_of_a_call_is_seen(prose, call):
    if "{" in call[:1] and not prose.endswith("think>\n") and prose:
        return  # a bare call is the whole answer
    whole = prose + ("\n" if prose and call[0] == "`" else "") + call
    clean = recover(whole, TOOLS)
    assert len(clean.calls) == 1
    for split in range(len(whole) + 1):
        before, after, text = shown([whole[:split], whole[split:]])
        assert (before.rstrip(), after) == (text, "")
    before, after, text = shown(list(whole))
    assert (before.rstrip(), after) == (text, "")


PROSE = [
    "Done.\n\nAll tests pass.",
    "if a < b and c > d: `x` {y}",
    "```python\nx = {'name': 1}\n```\nThat is it.",
    '```json\n{"version": 1}\n```\nis what it holds.',
    '```json\n{"name": "package"}\n```\nis what it holds.',
    "A line.\n<b>bold</b> and <table>",
    "Use <seed:tool_call> to call.",
    "| a | b |\n|---|---|\n",
]


@pytest.mark.parametrize("prose", PROSE)
def test_what_is_no_markup_is_not_kept_waiting(prose):
    before, after, text = shown(list(prose))
    assert before + after == text == prose and len(after) <= len("\n```")


def test_thinking_is_shown_as_thinking_while_it_comes():
    hold = TextHold(TOOLS)
    first = hold.feed("\n<seed:think>Let me ")
    assert [type(delta).__name__ for delta in first] == ["ReasoningDelta"] and first[0].text == "Let me "
    assert [delta.text for delta in hold.feed("see.</seed:th")] == ["see."]
    assert hold.feed("ink>\n\n") == [] and hold.feed("Done.") == [TextDelta("Done.")]
    assert hold.close("Done.") == []


def test_a_text_the_answer_does_not_begin_with_is_left_alone():
    hold = TextHold(TOOLS)
    assert hold.feed("half <") == [TextDelta("half <")] and hold.feed("\n<") == [TextDelta("\n")]
    assert hold.close("something else") == []


PIECES = st.lists(
    st.sampled_from(
        [
            *CALLS,
            *PROSE,
            READ,
            *"<>{}`\n .",
            "<seed:think>",
            "</seed:think>",
            "<think>",
            "</think>",
            "<tool_call>",
        ]
        + ["<seed:tool_call>", "```json\n", '{"name": "', "a", "你好"]
    ),
    max_size=6,
).map("".join)


@settings(max_examples=examples(300), deadline=None)
@given(text=PIECES | st.text(), data=st.data())
def test_nothing_is_lost_and_nothing_changes_its_order(text, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=12)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    before, after, clean = shown(pieces)
    if recover(text, TOOLS).calls:
        assert (before + after).rstrip() == clean
    else:
        assert before + after == clean


@pytest.mark.timeout(100)
@pytest.mark.parametrize(
    "flood", ["<", "```", "```\n", "<tool_call>", "<think></think>", "{", "\n<seed:tool_call>", " "]
)
@pytest.mark.parametrize("size", [4096, FLOOD_LENGTH])
def test_a_flood_takes_no_more_than_its_length(flood, size):
    text = (flood * (FLOOD_LENGTH // len(flood)))[:FLOOD_LENGTH]
    before, after, clean = shown([text[start : start + size] for start in range(0, len(text), size)])
    assert before + after == clean
