"""What fills the model's window, told from a session's records."""

from __future__ import annotations

from seedsmith.agent.conversation import (
    AssistantMessage,
    SystemMessage,
    ToolCall,
    ToolOutput,
    UserMessage,
)
from seedsmith.agent.models.service.estimate import item_tokens
from seedsmith.agent.redact import Redactor
from seedsmith.agent.sessions.context_contents import contents_of
from seedsmith.agent.sessions.record_tree import Log
from seedsmith.agent.sessions.session import Session, SessionStart

ITEMS = (
    SystemMessage("You are an agent. " * 20),
    UserMessage("Do it."),
    AssistantMessage("I look.", calls=(ToolCall("c1", "read", '{"path": "a"}'),)),
    ToolOutput("c1", "read", "word " * 500),
)


def test_each_kind_is_counted_and_a_shortened_history_counts_alone(tmp_path):
    session = Session.create(tmp_path, SessionStart("/w", "m", "chat", "full", "Do it."), Redactor(()))
    for item in ITEMS:
        session.append(item)
        if isinstance(item, ToolOutput):
            session.record_done(item)
    log = Log(session.folder / "records.jsonl")
    found = contents_of(log)
    each = (found.system, found.messages, found.answers, found.outputs)
    assert each == tuple(map(item_tokens, ITEMS)) and found.total == sum(each)
    session.compact(ITEMS[:2], "short")
    assert contents_of(log).total == sum(map(item_tokens, ITEMS[:2]))
    session.close()
