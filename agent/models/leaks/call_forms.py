"""The forms in which models write calls as text, each as the patterns it is read by.

A value within tags ends at the first closing tag after which the markup goes on as it must. So a value may
hold such tags itself, as code that is about them does.
"""

from __future__ import annotations

import re

from seedsmith.sandbox.lazy_dataclass import dataclass

TAGS = ("<seed:tool_call>", "<tool_call>", "<|FunctionCallBegin|>", "<|FunctionCallBeginBegin|>")
"""What opens a call that is no JSON in a fence, where one follows. The last two are earlier Doubao's."""
MARKS = (
    "<|tool_call_begin|>",  # Kimi's, and DeepSeek's in ASCII
    "<｜tool▁call▁begin｜>",
    "<|tool▁call▁begin|>",
)
MARKED_SECTIONS = (
    "<|tool_calls_section_begin|>",
    "<|tool_calls_begin|>",
    "<｜tool▁calls▁begin｜>",
    "<|tool▁calls▁begin|>",
)
JSON_TAGS = ("[TOOL_CALLS]", "<TOOLCALL>", "<|python_tag|>")
PREFIXES = ("", "antml:", "minimax:", "｜DSML｜", "|DSML|")
WRAPPERS = (
    *(f"<{each}{name}>" for each in PREFIXES for name in ("function_calls", "tool_calls")),
    "<minimax:tool_call>",
)
OPENERS = (
    *MARKED_SECTIONS,
    *MARKS,
    *JSON_TAGS,
    *WRAPPERS,
    *(f"<{each}invoke" for each in PREFIXES),
    "<function=",
    "<function ",
)
"""What opens a call by itself: services that don't know a model's own form pass it on as text."""
PREFIX = f"(?:{'|'.join(re.escape(each) for each in PREFIXES if each)})?"
_NAME = r"""(?:=|\s+name=)["']?(?P<name>[^"'>\s]{1,128})["']?"""
_STRING = r'(?:\s+string="(?P<string>true|false)")?'


@dataclass(frozen=True, slots=True)
class Markup:
    """One way of writing calls as tagged functions and parameters."""

    dialect: str
    function: re.Pattern[str]
    parameter: re.Pattern[str]
    function_end: re.Pattern[str]
    closing: re.Pattern[str]
    value_end: re.Pattern[str]
    padded: bool = False
    """Whether a value stands on lines of its own, their line ends no part of it."""


def _markup(dialect: str, tag: str, *, padded: bool) -> Markup:
    """A value ends at the first closing tag after which the markup goes on as it must.

    So a value may hold such tags itself, as code that is about them does. A missing ``</parameter>`` is
    made up for by the end of the function, if the text ends there.
    """
    call_end = rf"</{tag}>[ \t]*+(?:\r?\n|\Z|<{tag}>)"
    function_end = rf"</function>\s*+(?:{call_end}|<function[=\s]|\Z)"
    value_end = (
        rf"</parameter>(?=\s*+(?:<parameter[=\s]|{function_end}|\Z))|(?=</function>\s*+(?:</{tag}>\s*+)?\Z)"
    )
    return Markup(
        dialect,
        re.compile(rf"\s*+<function{_NAME}\s*>"),
        re.compile(rf"\s*+<parameter{_NAME}{_STRING}\s*>"),
        re.compile(r"\s*+(?:</function>|\Z)"),
        re.compile(rf"\s*+(?:</{tag}>|\Z)"),
        re.compile(value_end),
        padded,
    )


def _invoked() -> Markup:
    """``<invoke>`` as Claude, MiniMax and DeepSeek write it, alone or within a tag, by the same rules."""
    wrapper = rf"</{PREFIX}(?:function_calls|tool_calls?)>"
    invoke_end = rf"</{PREFIX}invoke>"
    goes_on = rf"{invoke_end}\s*+(?:{wrapper}[ \t]*+(?:\r?\n|\Z|<)|<{PREFIX}invoke[=\s]|\Z)"
    value_end = (
        rf"</{PREFIX}parameter>(?=\s*+(?:<{PREFIX}parameter[=\s]|{goes_on}|\Z))"
        rf"|(?={invoke_end}\s*+(?:{wrapper}\s*+)?\Z)"
    )
    return Markup(
        "invoke tags",
        re.compile(rf"\s*+<{PREFIX}invoke{_NAME}\s*>"),
        re.compile(rf"\s*+<{PREFIX}parameter{_NAME}{_STRING}\s*>"),
        re.compile(rf"\s*+(?:{invoke_end}|\Z)"),
        re.compile(rf"(?:\s*+{wrapper})?"),
        re.compile(value_end),
    )


SEED = _markup("Seed tags", "seed:tool_call", padded=False)
QWEN = _markup("tagged functions", "tool_call", padded=True)
INVOKED = _invoked()
GLM = Markup(
    "argument tags",
    re.compile(r"\s*+(?P<name>[\w.-]{1,128})\s*+(?=<arg_key>)"),
    re.compile(r"\s*+<arg_key>\s*+(?P<name>[^<>\s]{1,128})\s*+</arg_key>\s*+<arg_value>"),
    re.compile(r"\s*+(?=</tool_call>|\Z)"),
    re.compile(r"\s*+(?:</tool_call>|\Z)"),
    re.compile(
        r"</arg_value>(?=\s*+(?:<arg_key>|</tool_call>[ \t]*+(?:\r?\n|\Z|<tool_call>)|\Z))"
        r"|(?=</tool_call>\s*+\Z)"
    ),
)
JSON_ENDS = {
    "<tool_call>": ("tagged JSON", re.compile(r"\s*+(?:</tool_call>|\Z)")),
    "<|FunctionCall": ("Doubao function calls", re.compile(r"\s*+(?:<\|FunctionCallEnd(?:End)?\|>|\Z)")),
    "": ("tagged JSON", re.compile(r"(?:\s*+(?:</\w{1,20}>|<\|eo[mt](?:_id)?\|>))?")),
}


@dataclass(frozen=True, slots=True)
class Marked:
    """One way of writing calls between special tokens, their arguments as JSON."""

    dialect: str
    call: re.Pattern[str]
    """From a call's beginning to its arguments."""
    call_end: re.Pattern[str]
    section_end: re.Pattern[str]


_TOOL = "<[|｜]tool[▁_ ]"
MARKED = (
    Marked(
        "Kimi tokens",
        re.compile(
            r"\s*+<\|tool_call_begin\|>\s*+(?:functions\.)?(?P<name>[\w.-]{1,128})(?::\d{1,6})?"
            r"\s*+<\|tool_call_argument_begin\|>"
        ),
        re.compile(r"\s*+(?:<\|tool_call_end\|>|\Z)"),
        re.compile(r"(?:\s*+<\|tool_calls_section_end\|>)?"),
    ),
    Marked(
        "DeepSeek tokens",
        re.compile(
            rf"\s*+{_TOOL}call[▁_ ]begin[|｜]>\s*+(?:function\s*+{_TOOL}sep[|｜]>)?\s*+"
            rf"(?P<name>[\w.-]{{1,128}})\s*+(?:{_TOOL}sep[|｜]>)?\s*+(?:```(?:json)?)?"
        ),
        re.compile(rf"\s*+(?:```)?\s*+(?:{_TOOL}call[▁_ ]end[|｜]>|\Z)"),
        re.compile(rf"(?:\s*+{_TOOL}calls[▁_ ]end[|｜]>)?(?:\s*+<[|｜]end[▁_ ]of[▁_ ]sentence[|｜]>)?"),
    ),
    Marked(
        "Mistral tokens",
        re.compile(r"\s*+(?:\[TOOL_CALLS\]\s*+)?(?P<name>[\w.-]{1,128})(?:\[CALL_ID\]\w{1,64})?\[ARGS\]"),
        re.compile(""),
        re.compile(""),
    ),
)
