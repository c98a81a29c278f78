"""What a session's conversation holds, by kind: what fills the model's window."""

from __future__ import annotations

from seedsmith.agent.conversation import AssistantMessage, Item, SystemMessage, ToolOutput
from seedsmith.agent.models.service.estimate import item_tokens
from seedsmith.agent.sessions.record_tree import Log
from seedsmith.agent.sessions.session_file import item_from_json
from seedsmith.sandbox.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Contents:
    """Estimated tokens of a conversation by what they are."""

    system: int = 0
    messages: int = 0
    """What people said, instructions, and the agent's own words to the model."""
    answers: int = 0
    """What the model said and thought, and its calls."""
    outputs: int = 0
    """The results of calls."""

    @property
    def total(self) -> int:
        """All of them."""
        return self.system + self.messages + self.answers + self.outputs


def contents_of(log: Log) -> Contents:
    """What the session that ``log`` records goes on with; raises :class:`SessionError` for damage."""
    items: list[Item] = []
    for record in log.active():
        if record["kind"] == "item":
            items.append(item_from_json(record["item"]))
        elif record["kind"] == "done":
            items.append(item_from_json(record["output"]))
        elif record["kind"] == "compaction":
            items = [item_from_json(item) for item in record["items"]]
    return Contents(
        system=sum(item_tokens(item) for item in items if isinstance(item, SystemMessage)),
        answers=sum(item_tokens(item) for item in items if isinstance(item, AssistantMessage)),
        outputs=sum(item_tokens(item) for item in items if isinstance(item, ToolOutput)),
        messages=sum(
            item_tokens(item)
            for item in items
            if not isinstance(item, SystemMessage | AssistantMessage | ToolOutput)
        ),
    )
