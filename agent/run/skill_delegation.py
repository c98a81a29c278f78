"""The skill that the user named, carried out by a helper before the model is asked for anything."""

from __future__ import annotations

from seedsmith.agent.conversation import AssistantMessage
from seedsmith.agent.loop.loop import LoopResult
from seedsmith.agent.loop.turn_calls import TurnCalls
from seedsmith.agent.run.open_run import OpenedRun


async def delegate(opened: OpenedRun, calls: TurnCalls) -> LoopResult | None:
    """Make the call that hands the named skill over; what the helper reports is the answer.

    None where the helper was done: the loop only checks it then, and the model is asked where the check
    objects. Else how the run ends.
    """
    assert opened.delegation is not None
    session = opened.session
    (call,) = session.conversation.distinct((opened.delegation,))
    session.append(AssistantMessage(calls=(call,)))
    result = (await calls.dispatch((call,))).results[0]
    if result.ok:
        session.append(AssistantMessage(result.text))
        return None
    out_of_budget = result.data.get("status") == "budget"
    return LoopResult("budget" if out_of_budget else "gave_up", result.text, "The skill was not carried out.")
