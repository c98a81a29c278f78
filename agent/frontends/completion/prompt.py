"""How a model is asked: a chat model in words, the local one by the tokens it knows gaps by."""

from __future__ import annotations

from collections.abc import Sequence

from seedsmith.agent.context.prompts import prompt
from seedsmith.agent.conversation import SystemMessage, UserMessage
from seedsmith.agent.frontends.completion.hole import Hole
from seedsmith.agent.frontends.completion.related_definitions import Related
from seedsmith.agent.frontends.completion.trim import wants_block
from seedsmith.agent.frontends.completion.window import window
from seedsmith.agent.models.base import Request

CHAT_RELATED, LOCAL_RELATED = 6_000, 400
"""Characters of definitions from elsewhere. The local model reads some 100 tokens a second."""
CHAT_WINDOW, LOCAL_WINDOW = (8_000, 3_000), (1_400, 90)
"""Characters before and behind the cursor. Behind it the local model is shown little: that is read anew at
every key, all else comes from its server's cache."""
_LINE_TOKENS, _BLOCK_TOKENS = 64, 240
_THOUGHTLESS = {"thinking": {"type": "disabled"}}


def in_words(hole: Hole, definitions: Sequence[Related]) -> Request:
    """The request to a chat model. What changes with every key comes last, so that the rest may be cached."""
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
    return Request(
        (SystemMessage(prompt("complete-system.md").strip()), UserMessage(text.strip("\n"))),
        max_output_tokens=_BLOCK_TOKENS * 2,
        sampling={"temperature": 0, **_THOUGHTLESS},
    )


def as_gap(hole: Hole, definitions: Sequence[Related]) -> Request:
    """The request to Qwen2.5-Coder (docs/model-service.md, "The local model")."""
    shown = window(hole, *LOCAL_WINDOW)
    elsewhere = "".join(f"<|file_sep|>{each.path}\n{each.text}\n" for each in definitions)
    head = f"{elsewhere}<|file_sep|>{hole.path}\n" if elsewhere else ""
    return Request(
        (),
        max_output_tokens=_BLOCK_TOKENS if wants_block(hole) else _LINE_TOKENS,
        sampling={"temperature": 0},
        continue_text=f"{head}<|fim_prefix|>{shown.before}<|fim_suffix|>{shown.after}<|fim_middle|>",
    )
