"""How a model is asked: a chat model in words, the local one by the tokens it knows gaps by."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from seedsmith.agent.context.prompts import prompt
from seedsmith.agent.conversation import SystemMessage, UserMessage
from seedsmith.agent.frontends.completion.hole import Hole
from seedsmith.agent.frontends.completion.related_definitions import Related
from seedsmith.agent.frontends.completion.trim import wants_block
from seedsmith.agent.frontends.completion.window import window
from seedsmith.agent.models.base import Request
from seedsmith.sandbox.lazy_dataclass import dataclass

CHAT_RELATED, LOCAL_RELATED = 6_000, 400
"""Characters of definitions from elsewhere. The local model reads some 100 tokens a second."""
CHAT_WINDOW, LOCAL_WINDOW = (8_000, 3_000), (1_400, 90)
"""Characters before and behind the cursor. Behind it the local model is shown little: that is read anew at
every key, all else comes from its server's cache."""
_LINE_TOKENS, _BLOCK_TOKENS = 64, 240
_THOUGHTLESS = {"thinking": {"type": "disabled"}}
_LAST_TOKEN = re.compile(r"[^\w\r\n]{0,40}\w*\Z")
"""What the last token before the cursor may be a part of: blanks or signs, and the word begun behind them."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a model is asked about a hole."""

    request: Request
    repeats: str = ""
    """What stands before the cursor that the answer says once more."""


def in_words(hole: Hole, definitions: Sequence[Related]) -> Question:
    """The question to a chat model. What changes with every key comes last: the rest may be cached."""
    shown = window(hole, *CHAT_WINDOW)
    elsewhere = "".join(f"<file path={each.path!r}>\n{each.text}\n</file>\n" for each in definitions)
    text = prompt(
        "complete.md",
        path=hole.path,
        related=elsewhere,
        after=shown.after,
        before=shown.before,
        wanted="the whole block" if wants_block(hole) else "the rest of the statement",
    )
    request = Request(
        (SystemMessage(prompt("complete-system.md").strip()), UserMessage(text.strip("\n"))),
        max_output_tokens=_BLOCK_TOKENS * 2,
        sampling={"temperature": 0, **_THOUGHTLESS},
    )
    return Question(request)


def as_gap(hole: Hole, definitions: Sequence[Related]) -> Question:
    """The question to Qwen2.5-Coder (docs/model-service.md, "The local model").

    A cursor seldom stands where a token ends. So the text is shown up to its last whole token, and a grammar
    holds the answer to begin with what follows: of the tokens that go on with it the model takes its own.
    """
    shown = window(hole, *LOCAL_WINDOW)
    match = _LAST_TOKEN.search(shown.before)
    begun = match[0] if match else ""
    before = shown.before.removesuffix(begun)
    elsewhere = "".join(f"<|file_sep|>{each.path}\n{each.text}\n" for each in definitions)
    head = f"{elsewhere}<|file_sep|>{hole.path}\n" if elsewhere else ""
    sampling: dict[str, object] = {"temperature": 0}
    if begun:
        sampling["grammar"] = f"root ::= {json.dumps(begun, ensure_ascii=False)} [^\\x00]*"
    request = Request(
        (),
        max_output_tokens=_BLOCK_TOKENS if wants_block(hole) else _LINE_TOKENS,
        sampling=sampling,
        continue_text=f"{head}<|fim_prefix|>{before}<|fim_suffix|>{shown.after}<|fim_middle|>",
    )
    return Question(request, begun)
