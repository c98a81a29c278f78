"""Calls and thinking that leaked as text, and text that only looks like them."""

from __future__ import annotations

import json

import pytest
from examples import ALL, FLOOD_LENGTH
from hypothesis import example, given
from hypothesis import strategies as st

from seedsmith.agent.models.leaks.recover import recover
from seedsmith.tools.base import ToolSpec


def tool(name, **kinds):
    properties = {each: kind if isinstance(kind, dict) else {"type": kind} for each, kind in kinds.items()}
    return ToolSpec(name, "A tool.", {"type": "object", "properties": properties})


TOOLS = (
    tool("read", path="string", limit="integer", whole="boolean", ratio="number"),
    tool("shell", command="string", timeout={"anyOf": [{"type": "integer"}, {"type": "null"}]}),
    tool("todo", steps="array", options="object", mode={"enum": ["a", "b"]}),
)
READ = '{"name": "read", "arguments": {"path": "a.py"}}'
SHELL = '{"name": "shell", "arguments": {"command": "ls"}}'
SEED = (
    '<seed:tool_call><function name="read"><parameter name="path" string="true">a.py</parameter>'
    "</function></seed:tool_call>"
)
SEED_LINES = (
    "<seed:tool_call>\n<function=shell>\n<parameter=command>ls</parameter>\n</function>\n</seed:tool_call>"
)
QWEN = f"<tool_call>\n{READ}\n</tool_call>"
CODER = "<tool_call>\n<function=read>\n<parameter=path>\na.py\n</parameter>\n</function>\n</tool_call>"
DOUBAO = f"<|FunctionCallBegin|>[{READ.replace('arguments', 'parameters')}]<|FunctionCallEnd|>"
_LINE = "\n"
INVOKE = '<invoke name="read">\n<parameter name="path">a.py</parameter>\n</invoke>'
CLAUDE = f"<function_calls>\n{INVOKE}\n</function_calls>"
SPACED = CLAUDE.replace("</", "<|").replace("<", "<antml" + ":").replace("<antml" + ":|", "</antml" + ":")
MINIMAX = f"<minimax:tool_call>\n{INVOKE}\n</minimax:tool_call>"
DSML = CLAUDE.replace('path">', 'path" string="true">').replace("</", "<|").replace("<", "<｜DSML｜")
DSML = DSML.replace("<｜DSML｜|", "</｜DSML｜")
OLD_MINIMAX = f"<tool_calls>\n{READ}\n</tool_calls>"
KIMI = (
    "<|tool_calls_section_begin|><|tool_call_begin|>functions.read:0<|tool_call_argument_begin|>"
    '{"path": "a.py"}<|tool_call_end|><|tool_calls_section_end|>'
)
DEEPSEEK = (
    "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>read\n"
    '```json\n{"path": "a.py"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>'
)
DEEPSEEK_31 = (
    '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>read<｜tool▁sep｜>{"path": "a.py"}'
    "<｜tool▁call▁end｜><｜tool▁calls▁end｜>"
)
GLM = "<tool_call>read\n<arg_key>path</arg_key>\n<arg_value>a.py</arg_value>\n</tool_call>"
GLM_47 = GLM.replace(_LINE, "")
MISTRAL = f"[TOOL_CALLS][{READ}]"
MISTRAL_3 = '[TOOL_CALLS]read[ARGS]{"path": "a.py"}'
UNOPENED = CODER.removeprefix("<tool_call>\n")
LLAMA = '<function=read>{"path": "a.py"}</function>'
UNOPENED_JSON = f"{READ}\n</tool_call>"
MORE = [
    *(INVOKE, CLAUDE, SPACED, MINIMAX, DSML, OLD_MINIMAX, KIMI, DEEPSEEK, DEEPSEEK_31, GLM, GLM_47, MISTRAL),
    *(MISTRAL_3, UNOPENED, LLAMA),
]
DIALECTS = [SEED, SEED_LINES, QWEN, CODER, DOUBAO, *MORE, f"```json\n{READ}\n```"]


@pytest.mark.parametrize(
    ("text", "names", "rest"),
    [
        (f"```json\n{READ}\n```", ["read"], ""),
        (f"I look.\n\n```json\n{READ}\n```\n", ["read"], "I look."),
        (f"```\n{READ}\n```", ["read"], ""),
        (f"```json\r\n{READ}\r\n```", ["read"], ""),
        (f"```json\n{READ}", ["read"], ""),
        (f"```json\n{READ}\n```\n\n```json\n{SHELL}\n```", ["read", "shell"], ""),
        (f"```json\n{READ}\n{SHELL}\n```", ["read", "shell"], ""),
        (f"```python\nx = 1\n```\nSo:\n```json\n{READ}\n```", ["read"], "```python\nx = 1\n```\nSo:"),
        ('```json\n{\n  "name": "read",\n  "arguments": {}\n}\n```', ["read"], ""),
        ('```json\n{"name": "shell", "arguments": {"command": "a\n```\nb"}}\n```', ["shell"], ""),
        (f"  {READ}\n", ["read"], ""),
        (f"{READ}\n{SHELL}", ["read", "shell"], ""),
        (SEED, ["read"], ""),
        (f"Let me look.{SEED}", ["read"], "Let me look."),
        (f"我来看看：{SEED_LINES}\n", ["shell"], "我来看看："),
        (f"{SEED}{SEED_LINES}\n{SEED}", ["read", "shell", "read"], ""),
        (SEED.removesuffix("</seed:tool_call>"), ["read"], ""),
        (SEED.removesuffix("</function></seed:tool_call>"), ["read"], ""),
        (SEED_LINES.replace("</parameter>", ""), ["shell"], ""),
        (SEED.replace("</function>", "</function><function=todo></function>"), ["read", "todo"], ""),
        (f"So:\n{QWEN}\n{QWEN}", ["read", "read"], "So:"),
        (QWEN.removesuffix("\n</tool_call>"), ["read"], ""),
        (CODER, ["read"], ""),
        (DOUBAO, ["read"], ""),
        (DOUBAO.replace("Begin|", "BeginBegin|").removesuffix("<|FunctionCallEnd|>"), ["read"], ""),
        (f"<|FunctionCallBegin|>[{READ}, {SHELL}]<|FunctionCallEnd|>", ["read", "shell"], ""),
        (f"{QWEN}\n{SEED}", ["read", "read"], ""),
        (f"It is\n```xml\n{SEED}\n```\nso\n{SEED_LINES}", ["shell"], f"It is\n```xml\n{SEED}\n```\nso"),
    ],
)
def test_leaks_are_calls(text, names, rest):
    found = recover(text, TOOLS)
    assert [call.name for call in found.calls] == names and found.text == rest
    assert found.dialect and not found.reasoning


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Nothing to do.",
        f"Write it like this:\n```json\n{READ}\n```\nand it will be read.",
        f"````\n```json\n{READ}\n```\n````",
        f"A call is {READ}",
        f"{READ} is a call",
        "```json\n" + READ.replace("read", "rm") + "\n```",
        '```json\n{"name": "read"}\n```',
        '```json\n{"name": "read", "arguments": "{}"}\n```',
        '```json\n{"name": ["read"], "arguments": {}}\n```',
        '```json\n{"name": "read", "arguments": {}, "version": 1}\n```',
        '```json\n{"name": "read", "arguments": {"path": \n```',
        f"```json\n[{READ}]\n```",
        f"```python\n{READ}\n```",
        "{" * 5000,
        "<seed:tool_call>",
        "<seed:tool_call></seed:tool_call>",
        "<seed:tool_call>\n</function>\n</seed:tool_call>",
        SEED.replace('"read"', '"rm"'),
        SEED[: SEED.index("</parameter>")],
        SEED.replace("a.py</parameter></function>", "a.py"),
        '<tool_call>{"name": "read", "arguments": {"path": "a',
        "<tool_call>read</tool_call>",
        f"<|FunctionCallBegin|>[{READ}, 1]<|FunctionCallEnd|>",
        *(f"The model may write `{call}`" for call in DIALECTS[:-1]),
        *(f"The model may write {call}" for call in DIALECTS[:-1]),
        *(f"{call}\nThat is how a call looks." for call in DIALECTS),
        *(f"An example:\n```xml\n{call}\n```" for call in DIALECTS[:-1]),
        *(f"An example:\n~~~\n{call}\n~~~" for call in DIALECTS),
        *(f"It never closed:\n```xml\n{call}" for call in DIALECTS[:-1]),
        *(f"An example:\n\n    {call.replace(_LINE, _LINE + '    ')}" for call in DIALECTS[:-1]),
        *(f"An example:\n\n\t{call}" for call in DIALECTS[:-1]),
        *(f"An example:\r\n\r\n  \t{call}" for call in DIALECTS[:-1]),
        *(f"An example:\n \n    It is done.\n\n     {call}" for call in DIALECTS[:-1]),
        *(f"Code:\n\n    x = 1\n    # So:\n    {call}" for call in DIALECTS[:-1]),
        *(f"Code:\n\n{('    x = 1.' + _LINE) * 300}    y.\n    {call}" for call in DIALECTS[:-1]),
    ],
)
def test_prose_stays_prose(text):
    found = recover(text, TOOLS)
    assert (found.text, found.calls, found.reasoning) == (text, (), "")


@pytest.mark.parametrize(
    "prose", ["", "I look.\n\n", "我来看看：\n", "```py\nx\n```\n", "<think>Hm.</think>\n"]
)
@pytest.mark.parametrize("call", [*MORE, UNOPENED_JSON])
def test_each_known_form_is_a_call(call, prose):
    found = recover(prose + call, TOOLS)
    assert [(each.name, json.loads(each.arguments)) for each in found.calls] == [("read", {"path": "a.py"})]
    said = "" if "think" in prose else prose.rstrip()
    assert found.text == said and found.dialect and not found.attempted
    twice = recover(f"{prose}{call}\n{call}", TOOLS)
    assert len(twice.calls) == 2 and twice.text == said


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        (INVOKE.replace("path", "limit").replace("a.py", "12"), {"limit": 12}),
        (GLM.replace("path", "limit").replace("a.py", "12"), {"limit": 12}),
        (INVOKE.replace("a.py", "</parameter> & <invoke>\n`x`"), {"path": "</parameter> & <invoke>\n`x`"}),
        (GLM.replace("a.py", "<arg_value>x</arg_value> y"), {"path": "<arg_value>x</arg_value> y"}),
        (INVOKE.removesuffix("</invoke>"), {"path": "a.py"}),
        (INVOKE.removesuffix("</parameter>\n</invoke>") + "</invoke>", {"path": "a.py"}),
        (KIMI.removesuffix("<|tool_call_end|><|tool_calls_section_end|>"), {"path": "a.py"}),
        (KIMI.removeprefix("<|tool_calls_section_begin|>"), {"path": "a.py"}),
        (DEEPSEEK.removeprefix("<｜tool▁calls▁begin｜>"), {"path": "a.py"}),
        (DEEPSEEK_31.replace("｜", "|").replace("▁", "_"), {"path": "a.py"}),
        (CLAUDE.replace('"', "'"), {"path": "a.py"}),
    ],
)
def test_values_of_each_form(call, arguments):
    assert [json.loads(each.arguments) for each in recover(call, TOOLS).calls] == [arguments]


@pytest.mark.parametrize(
    "text",
    [
        *(f"{call}\nNow I wait for the result." for call in [*DIALECTS, READ]),
        *(f"I look {call}" for call in DIALECTS[:-1]),
        *(call[: call.index("a.py") + 2] for call in DIALECTS if "a.py" in call and call[0] != "`"),
        "<tool_call>read</tool_call>",
        "[TOOL_CALLS]read{",
        'commentary to=functions.read <|constrain|>json<|message|>{"path":"a.py"}',
        'functions.read({"path": "a.py"})',
        "I look.\n[read(path='a.py')]",
        'Action: read\nAction Input: {"path": "a.py"}',
        "I look.\n<read>\n<path>a.py</path>\n</read>",
        '<tool_use name="read">{"path":"a.py"}</tool_use>',
        '<tool_use>{"name":"read","input":{"path":"a.py"}}</tool_use>',
        f"<|tool_call|>[{READ}]<|/tool_call|>",
        f"[{READ}]",
        "<start_function_call>call:read{path:<escape>a.py<escape>}<end_function_call>",
        "```tool_code\nprint(default_api.read(path='a.py'))\n```",
        '{"tool": "read", "args": {"path": "a.py"}}',
        '```json\n{"action": "read", "action_input": {"path": "a.py"}}\n```',
        '{"tool_calls": [{"id": "1", "type": "function", "function": {"name": "read", "arguments": "{}"}}]}',
        'read\n{"path": "a.py"}',
        '{"type": "function", "function": {"name": "read", "arguments": "{}"}}',
        'I look.\n[{"id": "1", "type": "function", "function": {"name": "read", "arguments": "{}"}}]',
        'I look.\n{"id": "1", "type": "function", "name": "read", "arguments": {"path": "a.py"}}\nThen more.',
        '<tool_use><name>read</name><arguments>{"path": "a.py"}</arguments></tool_use>',
        "I look.\n<function_call>\n<tool_name>read</tool_name>\n</function_call>",
        f"functools[{READ}]",
        "<longcat_tool_call>read\n<longcat_arg_key>path</longcat_arg_key>",
        "<tool_calls_begin>function<tool_sep>read\n{}<tool_call_end>",
    ],
)
def test_what_tries_to_call_is_no_call_and_is_seen(text):
    found = recover(text, TOOLS)
    assert found.calls == () and found.text == text and found.attempted in ("read", "shell")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I read a.py with the read tool.",
        "Use <tool_call> and <function> tags; <invoke> too.",
        *(f"A call is `{call}`." for call in DIALECTS if "`" not in call and _LINE not in call),
        *(f"So:\n```xml\n{call}\n```\nThat is it." for call in DIALECTS[:-1] if "`" not in call),
        *(f"So:\n```text\n{call}\n```\nThat is it." for call in DIALECTS[:-1] if "`" not in call),
        *(f"So:\n\n    {call.replace(_LINE, _LINE + '    ')}\n\nIt is." for call in DIALECTS[:-1]),
        *(f"{call.replace('read', 'rm').replace('shell', 'rm')}\nNow." for call in DIALECTS),
        f"````\n```json\n{READ}\n```\n````",
        'The file holds {"name": "read", "arguments": {}} here.',
        '{"name": "read", "version": 1}',
        "Call read(path) or `read(path='a.py')`; read(path='b.py') is the same.",
        "<details>\n<summary>read</summary>\n</details>",
        "So:\n```\nread(path='a.py')\n```",
        "Action: read the file.",
        "So:\n```python\nread(path='a.py')\n```",
        'Said of read\n{"path": "a.py"}',
        '{"tool": "read", "version": 1}',
        '{"type": "function", "name": "read", "version": 1}',
        'It holds {"function": {"name": "read"}} as it was.',
        "<tool>\n<name>hammer</name>\n</tool>",
    ],
)
def test_what_only_quotes_a_call_tries_none(text):
    assert recover(text, TOOLS).attempted == ""


def test_a_quoted_call_before_a_real_one_is_not_drawn_in():
    text = f"{SEED}\nThat is how it looks. Now:\n{SEED_LINES}"
    found = recover(text, TOOLS)
    assert [json.loads(call.arguments) for call in found.calls] == [{"command": "ls"}]
    assert found.text == text.removesuffix(SEED_LINES).rstrip()


def test_without_tools_on_offer_nothing_is_a_call():
    assert recover(SEED).text == SEED


@pytest.mark.parametrize(
    ("name", "parameters", "arguments"),
    [
        ("read", "<parameter=limit>12</parameter>", {"limit": 12}),
        ("read", "<parameter=limit> 12\n</parameter>", {"limit": 12}),
        ("read", "<parameter=limit>twelve</parameter>", {"limit": "twelve"}),
        ("read", "<parameter=limit>1.5</parameter>", {"limit": "1.5"}),
        ("read", "<parameter=limit>true</parameter>", {"limit": "true"}),
        ("read", '<parameter name="limit" string="true">12</parameter>', {"limit": "12"}),
        ("read", '<parameter name="path" string="false">12</parameter>', {"path": "12"}),
        (
            "read",
            '<parameter name="new" string="false">[1, {"a": null}]</parameter>',
            {"new": [1, {"a": None}]},
        ),
        (
            "read",
            "<parameter=whole>true</parameter><parameter=ratio>NaN</parameter>",
            {"whole": True, "ratio": "NaN"},
        ),
        (
            "read",
            "<parameter=whole>True</parameter><parameter=ratio>2</parameter>",
            {"whole": True, "ratio": 2},
        ),
        ("read", "<parameter=path>12</parameter><parameter=new>12</parameter>", {"path": "12", "new": "12"}),
        ("shell", "<parameter=timeout>null</parameter>", {"timeout": None}),
        ("shell", "<parameter=command> a\n<b> && c > d\n</parameter>", {"command": " a\n<b> && c > d\n"}),
        ("todo", '<parameter=steps>["a", "b"]</parameter>', {"steps": ["a", "b"]}),
        ("todo", '<parameter=options>{"a": [}</parameter>', {"options": '{"a": [}'}),
        ("todo", "<parameter=mode>1</parameter>", {"mode": "1"}),
        ("todo", f"<parameter=steps>{'[' * 9000}</parameter>", {"steps": "[" * 9000}),
    ],
)
def test_values_have_the_types_of_the_tool(name, parameters, arguments):
    found = recover(f"<seed:tool_call><function={name}>{parameters}</function></seed:tool_call>", TOOLS)
    assert [json.loads(call.arguments) for call in found.calls] == [arguments]


@pytest.mark.parametrize(
    ("text", "rest", "thought", "calls"),
    [
        ("<seed:think>Hm.</seed:think>Done.", "Done.", "Hm.", 0),
        ("\n<seed:think>\nHm.\n</seed:think>\n\nDone.\n", "Done.\n", "Hm.", 0),
        ("<think>Hm.</think>\nDone.", "Done.", "Hm.", 0),
        ("<seed:think>a</seed:think><seed:think>b</seed:think>Done.", "Done.", "a\nb", 0),
        ("<seed:think>Hm, still", "", "Hm, still", 0),
        ("<seed:think>Hm.</seed:think>", "", "Hm.", 0),
        (f"<seed:think>Hm.</seed:think>{SEED}", "", "Hm.", 1),
        (f"<seed:think>Hm.</seed:think>I look.\n{SEED}", "I look.", "Hm.", 1),
        (f"I look.\n<seed:think>Hm.</seed:think>\n{SEED}", "I look.", "Hm.", 1),
        (f"<seed:think>Hm.\n{SEED}", "", "Hm.", 1),
        (f"<seed:think>Hm.</seed:think>\n{READ}", "", "Hm.", 1),
        ("It writes `<seed:think>` first.", "It writes `<seed:think>` first.", "", 0),
        ("So:\n<seed:think>a</seed:think>\nis it.", "So:\n<seed:think>a</seed:think>\nis it.", "", 0),
    ],
)
def test_thinking_is_no_answer(text, rest, thought, calls):
    found = recover(text, TOOLS)
    assert (found.text, found.reasoning, len(found.calls)) == (rest, thought, calls)


def test_arguments_come_as_json_and_line_ends_inside_are_kept():
    found = recover('```json\n{"name": "shell", "arguments": {"command": "a\nb"}}\n```', TOOLS)
    assert json.loads(found.calls[0].arguments) == {"command": "a\nb"} and found.dialect == "fenced JSON"


WILD = st.text() | st.lists(
    st.sampled_from(
        [
            "<",
            ">",
            "</",
            "\n",
            " ",
            "a",
            '"',
            "\\",
            "```",
            "```json\n",
            "{",
            "}",
            "<b>",
            "</b>",
            "&lt;",
            "你好",
        ]
        + [
            "<parameter=x>",
            "</parameter>",
            "</function>",
            "<function=read>",
            "</seed:tool_call>",
            "</tool_call>",
        ]
        + ["<seed:tool_call>", "<tool_call>", "<seed:think>", "</seed:think>", "<|FunctionCallEnd|>", "🙂"]
    ),
    max_size=12,
).map("".join)
ARGUMENTS = st.dictionaries(st.sampled_from(["command", "path", "unknown"]), WILD, max_size=3)
CALLS = st.lists(st.tuples(st.sampled_from(["read", "shell"]), ARGUMENTS), min_size=1, max_size=3)


def as_json(calls):
    return [
        json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False) for name, arguments in calls
    ]


def as_tags(calls, function, parameter):
    for name, arguments in calls:
        inside = "".join(parameter % pair + "</parameter>" for pair in arguments.items())
        yield "<seed:tool_call>" + function % name + inside + "</function></seed:tool_call>"


def unlike(value):
    return value.replace("</parameter>", "</parameter>'")


RENDERINGS = {
    "fenced": lambda calls: "\n".join(f"```json\n{each}\n```" for each in as_json(calls)),
    "bare": lambda calls: "\n".join(as_json(calls)),
    "hermes": lambda calls: "\n".join(f"<tool_call>\n{each}\n</tool_call>" for each in as_json(calls)),
    "doubao": lambda calls: f"<|FunctionCallBegin|>[{','.join(as_json(calls))}]<|FunctionCallEnd|>",
    "seed": lambda calls: "\n".join(
        as_tags(calls, '<function name="%s">', '<parameter name="%s" string="true">%s')
    ),
    "seed lines": lambda calls: "\n".join(as_tags(calls, "\n<function=%s>\n", "<parameter=%s>%s")),
}


@pytest.mark.parametrize("rendering", RENDERINGS)
@given(calls=CALLS, prose=st.sampled_from(["", "I look.\n\n", "```py\nx\n```\n"]))
@example([("shell", {"command": "cat <<'E' > a.xml\n<a><parameter>1</parameter></a>\nE\n"})], "")
@example([("shell", {"command": 'x = "</parameter></function></seed:tool_call>"'})], "")
def test_a_call_with_wild_arguments_comes_back_exactly(rendering, calls, prose):
    if rendering.startswith("seed"):  # what goes on like the markup itself can't be told from it
        calls = [(name, {key: unlike(value) for key, value in each.items()}) for name, each in calls]
    text = RENDERINGS[rendering](calls)
    text = text if rendering == "bare" else prose + text
    found = recover(text, TOOLS)
    assert [(call.name, json.loads(call.arguments)) for call in found.calls] == calls
    assert found.text == ("" if rendering == "bare" else prose.rstrip())


@given(text=WILD | st.lists(st.sampled_from([*DIALECTS, *"<>{}`\n", "<seed:think>", " prose "])).map("".join))
def test_nothing_is_invented_and_nothing_raised(text):
    found = recover(text, TOOLS)
    for call in found.calls:
        assert call.name in text and isinstance(json.loads(call.arguments), dict)
    if not found.calls:
        assert text.endswith(found.text) or found.reasoning
    assert len(found.text) + len(found.reasoning) <= len(text)


FLOODS = [
    "<",
    "```",
    "```\n",
    "```json\n",
    '```json\n{"a',
    "{",
    '{"a":',
    "<tool_call>",
    '<tool_call>{"',
    "\n<tool_call>{}",
    SEED_LINES[: SEED_LINES.index("ls")],
    SEED_LINES[: SEED_LINES.index("ls")] + "</parameter>",
    "\n<seed:tool_call>" + "<function=read>" + "<parameter=path>",
    "</parameter> <parameter ",
    "<think></think>",
    " \n",
    "~~~~\n",
    "`",
    "<function ",
    "\n<invoke ",
    '\n<invoke name="read"><parameter name="path">',
    "<tool_call>read<arg_key>path</arg_key><arg_value>",
    "<|tool_call_begin|>read<|tool_call_argument_begin|>{",
    "\n<function=rm><parameter=path>x</parameter>",
    '\n{"name":',
    "[TOOL_CALLS]",
    "[TOOL_CALLS]read[ARGS]",
]


@pytest.mark.timeout(100)
@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_takes_no_more_than_its_length(flood):
    text = (flood * (FLOOD_LENGTH // len(flood) + 1))[:FLOOD_LENGTH]
    assert all(call.arguments == "{}" for call in recover(text, TOOLS).calls)


@pytest.mark.parametrize("call", DIALECTS[:-1])
@pytest.mark.parametrize(
    "before", ["I look.\n    ", "    ", "\n\n\t", "Two things.\n\n   ", "    I look.\n    "]
)
def test_an_indented_call_that_quotes_nothing_is_a_call(call, before):
    assert recover(before + call, TOOLS).calls


@pytest.mark.parametrize(
    "mark", ["<tool_call>{}</tool_call>", "<tool_call>\n{}", "<|FunctionCallBegin|>[{}]<|FunctionCallEnd|>"]
)
def test_arguments_may_be_json_text_between_tags(mark):
    arguments = {"path": 'a "b".py', "limit": 3}
    leaked = json.dumps({"name": "read", "arguments": json.dumps(arguments)})
    (found,) = recover(mark.format(leaked), TOOLS).calls
    assert (found.name, json.loads(found.arguments)) == ("read", arguments)


@pytest.mark.parametrize("arguments", ["", "{", "[]", "null", '"a"', '{"a": NaN}', "[" * 5000])
def test_text_that_is_no_object_makes_no_call(arguments):
    leaked = json.dumps({"name": "read", "arguments": arguments})
    assert not recover(f"<tool_call>{leaked}</tool_call>", TOOLS).calls


def test_many_indented_examples_take_linear_time():
    assert not recover("See:\n\n" + "    <tool_call>\n" * (20_000 if ALL else 2_000), TOOLS).calls
