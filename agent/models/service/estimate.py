"""Estimates how many tokens a request has, before the service has counted them.

The rates fit the vocabularies of current models on code and prose, with a small margin: a token is about 3.5
ASCII characters, and a Chinese, Japanese or Korean character is 0.8 tokens.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from seedsmith.agent.conversation import AssistantMessage, Item, SystemMessage, ToolOutput, UserMessage
from seedsmith.tools.base import ToolSpec

ASCII_PER_TOKEN = 3.5
TOKENS_PER_WIDE = 0.8
"""Of a character beyond ASCII."""
TOKENS_PER_ITEM = 4
"""What a message's role and bounds take."""
TOKENS_PER_IMAGE = 1_500


def text_tokens(text: str) -> int:
    """The tokens of ``text``; 0 for none."""
    ascii_characters = len(text) if text.isascii() else len(text.encode("ascii", "ignore"))
    wide = len(text) - ascii_characters
    return math.ceil(ascii_characters / ASCII_PER_TOKEN + wide * TOKENS_PER_WIDE)


def item_tokens(item: Item) -> int:
    """The tokens of one item of a conversation, pictures and calls included."""
    match item:
        case SystemMessage(text) | ToolOutput(text=text):
            said = text_tokens(text)
        case UserMessage(text, images=images):
            said = text_tokens(text) + TOKENS_PER_IMAGE * len(images)
        case AssistantMessage(text, reasoning, calls):
            asked = sum(text_tokens(call.name) + text_tokens(call.arguments) for call in calls)
            said = text_tokens(text) + text_tokens(reasoning) + asked
    return TOKENS_PER_ITEM + said


def tool_tokens(tools: Sequence[ToolSpec]) -> int:
    """The tokens of the tools as they are described to the model."""
    described = ([tool.name, tool.description, tool.parameters] for tool in tools)
    return text_tokens(json.dumps(list(described), ensure_ascii=False))


class PromptEstimate:
    """Estimates the prompts of one conversation, and learns from the service's counts.

    The service's last count is used as it is; only items after it are estimated. So an estimate takes no
    longer at the end of a long conversation than at its start.
    """

    def __init__(self, tools: Sequence[ToolSpec]) -> None:
        self._tools = tools
        self._fixed: int | None = None
        self._items: list[Item] = []
        self._sums = [0]
        """The tokens of so many first items, as they were estimated."""
        self._counted = 0
        """How many items were in the prompt that the service counted last; 0: none."""
        self._surplus = 0
        """By how much its count was above the estimate."""

    @property
    def learned(self) -> bool:
        """Whether the service has counted a prompt that this one goes on from."""
        return self._counted > 0

    def tokens(self, items: Sequence[Item]) -> int:
        """The tokens of a prompt of ``items`` and the tools."""
        self._take(items)
        if self._fixed is None:
            self._fixed = tool_tokens(self._tools)
        return max(1, self._fixed + self._sums[-1] + self._surplus)

    def learn(self, items: Sequence[Item], counted: int) -> None:
        """Take over what the service counted for ``items``; 0 is no count."""
        if counted > 0:
            self._surplus = 0
            self._surplus = counted - self.tokens(items)
            self._counted = len(items)

    def _take(self, items: Sequence[Item]) -> None:
        same = 0
        for known, item in zip(self._items, items, strict=False):
            if known is not item:
                break
            same += 1
        if same < self._counted:  # the history was shortened: what was counted is gone
            self._counted = self._surplus = 0
        del self._items[same:], self._sums[same + 1 :]
        for item in items[same:]:
            self._items.append(item)
            self._sums.append(self._sums[-1] + item_tokens(item))
