"""When nothing of a run was at work, told from its events."""

from seedsmith.agent.events import Envelope, ToolFinished, ToolStarted, TurnStarted
from seedsmith.agent.run.changes_by_others import IdleWatch


def test_a_question_asked_while_a_call_is_at_work_is_no_quiet_time():
    quiet = IdleWatch(lambda: None, lambda: None)
    started = ToolStarted("1", "task", {})
    finished = ToolFinished("1", True, "", 1.0, {})
    for event in (started, TurnStarted(1), finished):
        quiet.show(Envelope(1, 0.0, "s", event))
    assert not quiet.spans
    quiet.show(Envelope(1, 0.0, "s", TurnStarted(2)))
    assert len(quiet.spans) == 1
    quiet.act()
    assert quiet.spans[0].ended is not None
