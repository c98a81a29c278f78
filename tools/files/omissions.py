"""Recognizes comments such as "the rest stays as it is" that a model writes instead of the rest of a file."""

from __future__ import annotations

import re
from functools import cache

_DOTS = r"(?:\.{3,}|…+)"
_OPEN = r"(?:#+|//+|--+|/\*+|<!--+|;+|%+|\{/\*|\*|\"\"\"|''')"
_CLOSE = r"(?:\*+/\}?|--+>|\"\"\"|''')?"
_WORDS = (
    r"(?:rest|remainder|remaining|existing|unchanged|previous|original|omitted|same as (?:before|above)"
    r"|as before|stays? the same|remains? the same|other (?:code|methods?|functions?|imports?|fields?)"
    r"|more code|your code|keep (?:the )?(?:rest|existing)|snip(?:ped)?"
    r"|其余|其他|其它|剩余|余下|原有|现有|已有|省略|保持不变|不变|同上)"
)
_SURE_WORDS = (
    r"(?:(?:the )?(?:rest|remainder) of (?:the |this )?"
    r"(?:code|file|method|function|class|module|body|implementation|script)"
    r"|(?:(?:existing|previous|original|remaining|other) )?"
    r"(?:code|methods?|functions?|implementation|imports?) "
    r"(?:here|goes here|unchanged|as before|omitted(?: for brevity)?"
    r"|(?:stays?|remains?)(?: the same| unchanged)?)"
    r"|(?:the )?(?:existing|previous|original|remaining) (?:code|implementation|methods?|functions?|imports?)"
    r"|unchanged|omitted(?: for brevity)?|rest unchanged"
    r"|(?:其余|其他|其它|剩余|余下|原有|现有|已有)(?:的)?(?:代码|部分|内容|方法|函数|实现)*(?:保持)?(?:不变|省略|略)?"
    r"|(?:代码)?(?:省略|保持不变))"
)
_LONGEST_PLACEHOLDER = 200


@cache
def _placeholder() -> re.Pattern[str]:
    """Compiled at the first edit: it takes longer than any other pattern."""
    return re.compile(
        rf"\s*(?:"
        rf"{_OPEN}\s*{_DOTS}\s*{_CLOSE}"  # "# ..." and nothing else
        rf"|{_OPEN}\s*{_DOTS}[^\n]*\b{_WORDS}[^\n]*"  # "# ... existing code ..."
        rf"|{_DOTS}\s+[^\n]*\b{_WORDS}[^\n]*"  # the same uncommented, unlike the spread in "...rest"
        rf"|{_OPEN}\s*{_SURE_WORDS}[^\n]{{0,20}}{_DOTS}\s*{_CLOSE}"  # "# rest of the method ..."
        rf"|{_OPEN}\s*[(\[<]?\s*{_SURE_WORDS}\s*[)\]>]?\s*[.:]?\s*{_CLOSE}"  # "// unchanged"
        rf"|[(\[<]\s*{_SURE_WORDS}\s*[)\]>]"  # "[rest of the file]"
        rf"|…+"
        rf")\s*",
        re.IGNORECASE,
    )


def find_omission(new: str, present: str) -> str | None:
    """Return the first line of ``new`` that stands for omitted text and is nowhere in ``present``."""
    for line in new.splitlines():
        stripped = line.strip()
        if (
            len(stripped) <= _LONGEST_PLACEHOLDER
            and _placeholder().fullmatch(line)
            and stripped not in present
        ):
            return stripped
    return None
