"""A model that writes its calls and its thinking as text: the work is done, and no markup is seen."""

from __future__ import annotations

import pytest
from scripted_endpoint import text


@pytest.mark.slow
@pytest.mark.parametrize("delta", [1, 7, 0])
def test_calls_and_thinking_as_text_do_the_work(seedsmith, endpoint, delta):
    endpoint.script(
        text(
            "<seed:think>A file is asked for.</seed:think>I write it.\n<seed:tool_call>\n<function=write>\n"
            "<parameter=path>a.xml</parameter>\n<parameter=content><a>\n<b>1 < 2</b>\n</a>\n</parameter>\n"
            "</function>\n</seed:tool_call>",
            delta=delta,
        ),
        text('```json\n{"name": "shell", "arguments": {"command": "wc -l < a.xml > n"}}\n```', delta=delta),
        text("Written; a call is `<tool_call>{…}</tool_call>`.", delta=delta),
    )
    done = seedsmith.run("Write it")
    assert done.code == 0, done.errors
    assert seedsmith.tree() == {"a.xml": "<a>\n<b>1 < 2</b>\n</a>\n", "n": "3\n"}
    said = "".join(event["delta"] for event in done.of("text"))
    assert said == "I write it.\nWritten; a call is `<tool_call>{…}</tool_call>`."
    assert "".join(event["delta"] for event in done.of("reasoning")) == "A file is asked for."
    assert [event["code"] for event in done.of("notice")] == ["call_recovered", "call_recovered"]
    answer = endpoint.requests[1].body["messages"][-2]
    assert (answer["content"], answer["reasoning_content"]) == ("I write it.", "A file is asked for.")


def test_calls_that_cannot_be_made_are_asked_for_again(seedsmith, endpoint):
    parameters = '<parameter name="path">a</parameter>\n<parameter name="content">1</parameter>\n'
    invoke = f'<invoke name="write">\n{parameters}'
    endpoint.script(
        text(f"I write it.\n<function_calls>\n{invoke}</invoke>\n</function_calls>\nNow I wait."),
        text(f"<minimax:tool_call>\n{invoke}</invoke>\n</minimax:tool_call>"),
        text("Written."),
    )
    done = seedsmith.run("Write it")
    assert done.code == 0 and seedsmith.tree() == {"a": "1"}, done.errors
    assert [event["code"] for event in done.of("notice")] == ["call_as_text", "call_recovered"]
    assert "written as text" in endpoint.requests[1].body["messages"][-1]["content"]


def test_a_model_that_only_writes_calls_has_not_done_it(seedsmith, endpoint):
    endpoint.script(*[text('<invoke name="shell"><parameter name="command">ls')] * 9)
    done = seedsmith.run("List it")
    assert done.code == 1 and done.last["status"] == "gave_up" and len(endpoint.requests) == 3
