"""Text that tries to call a tool, though no call can be made of it: half a call, or one amid words."""

from __future__ import annotations

import re
from collections.abc import Collection

from seedsmith.agent.models.leaks.call_forms import JSON_TAGS, PREFIX, TAGS, WRAPPERS
from seedsmith.agent.models.leaks.call_places import code_apart
from seedsmith.agent.models.leaks.dialects import FENCE_LANGUAGES
from seedsmith.tools.base import ToolSpec

_JSON = r'\{\s*+"name"\s*+:\s*+"(?P<name>[\w.-]{1,128})"'
_TAG = "|".join(map(re.escape, (*TAGS, *WRAPPERS, *JSON_TAGS)))
_TAGGED = (
    rf"""<{PREFIX}(?:invoke|function)(?:=|\s+name=)["']?(?P<name>[\w.-]{{1,128}})""",
    rf"(?:{_TAG})[\s\[]*+{_JSON}",
    r"(?:<tool_call>|\[TOOL_CALLS\])\s*+(?P<name>[\w.-]{1,128})\s*+[<\[({]",
    r"<[|｜]tool[▁_ ]call[▁_ ]begin[|｜]>\s*+(?:function\s*+<[^<>\n]{1,40}>\s*+)?(?:functions\.)?"
    r"(?P<name>[\w.-]{1,128})",
)
_CALLED = r"(?P<name>[\w.-]{1,128})"
_LEADING = r'(?:"(?:id|index|type)"\s*+:\s*+(?:"[^"\n]{0,100}"|\d{1,9})\s*+,\s*+){0,3}+'
_ELSEWHERE = (
    # gpt-oss, DeepSeek without its bars, LongCat and Gemma, ReAct, and tools as tags of their own.
    rf"\bto=functions\.{_CALLED}",
    rf"<[|｜]?tool[▁_ ]sep[|｜]?>\s*+{_CALLED}",
    rf"<\w{{0,20}}(?:tool_call|function_call)>\s*+(?:call:)?{_CALLED}\s*+[<{{(]",
    rf"^Action:[ \t]*+{_CALLED}[ \t]*+\r?\nAction Input:",
    r"^<(?P<name>\w{1,128})>\s*+<\w{1,128}>",
    rf"""<tool(?:_use|_call)?\s+name=["']?{_CALLED}""",
    rf"<\|?tool(?:_use|_calls?)?\|?>[\s\[]*+{_JSON}",
    rf"^<(?:tool|function)(?:_use|_call)?>\s*+<(?:tool_|function_)?(?:name|tool)>\s*+{_CALLED}\s*+</",
    rf"\bfunctools\s*+\[\s*+{_JSON}",
    # A line of code that ends the answer.
    rf"^\[?(?:functions\.)?{_CALLED}\((?:\{{|\w{{1,128}}=)[^\n]*\)\]?;?\s*+\Z",
)
"""Forms that no call is read from, as they are no service's own."""
_IN_TEXT = tuple(re.compile(each, re.MULTILINE) for each in (*_TAGGED, *_ELSEWHERE))
_AS_JSON = tuple(
    re.compile(each, re.MULTILINE)
    for each in (
        rf'^[ \t]*+(?:\[\s*+)?\{{\s*+{_LEADING}"function"\s*+:\s*+\{{\s*+"name"\s*+:\s*+"{_CALLED}"',
        rf'^[ \t]*+(?:\[\s*+)?\{{\s*+{_LEADING}"(?:name|tool|tool_name|function|action)"\s*+:'
        rf'\s*+"{_CALLED}"\s*+,\s*+"(?:arguments|parameters|args|input|tool_input|action_input)"\s*+:',
        rf'^[ \t]*+\{{\s*+"tool_calls"\s*+:\s*+\[[^\n\]]{{0,200}}?"name"\s*+:\s*+"{_CALLED}"',
        rf"^{_CALLED}[ \t]*+\r?\n\{{[^\n]*\}}\s*+\Z",
    )
)
_AS_CODE = re.compile(rf"^(?:print\()?(?:default_api\.)?{_CALLED}\(\w{{1,128}}=", re.MULTILINE)


def attempted(text: str, tools: Collection[ToolSpec]) -> str:
    """The name of a tool of ``tools`` that ``text`` tries to call; '' where it tries none.

    What stands in code is quoted and no attempt, but for JSON in a block of its own, as a call would be, and
    for a block that says it is the code of a tool.
    """
    names = {tool.name for tool in tools}
    prose, fenced = code_apart(text, FENCE_LANGUAGES)
    places = [(each, prose) for each in (*_IN_TEXT, *_AS_JSON)]
    places += [(each, fenced) for each in _AS_JSON]
    places.append((_AS_CODE, code_apart(text, ("tool_code",))[1]))
    found = (match["name"] for pattern, where in places for match in pattern.finditer(where))
    return next((name for name in found if name in names), "")
