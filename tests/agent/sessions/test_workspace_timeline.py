"""What a session's records say of the workspace: whose doing each change was."""

import pytest

from seedsmith.agent.sessions.workspace_timeline import read_timeline

ANSWER = {"kind": "item", "item": {"role": "assistant"}}
INTENDED = {"kind": "intended", "call": "1", "effect": "workspace"}
DONE = {"kind": "done", "output": {"call": "1", "text": "Done."}}
RESUMED = {"kind": "resumed"}


def snapshot(turn, name="s"):
    return {"kind": "snapshot", "id": name, "turn": turn}


@pytest.mark.parametrize(
    ("records", "interrupted"),
    [
        ((snapshot(0), ANSWER, INTENDED), True),
        ((snapshot(0), ANSWER, INTENDED, DONE), True),  # killed before the snapshot behind it
        ((ANSWER, INTENDED, snapshot(0), DONE), True),  # begun before the call, recorded behind it
        ((ANSWER, INTENDED, DONE, snapshot(1)), False),
        ((ANSWER, INTENDED, DONE, ANSWER, snapshot(1)), False),
        ((ANSWER, INTENDED, snapshot(1), DONE), True),  # taken for another call of the same answer
        ((ANSWER, INTENDED | {"effect": "none"}, DONE), False),
        ((ANSWER, INTENDED, DONE, RESUMED, snapshot(1)), False),
    ],
)
def test_what_was_changed_and_not_seen_when_the_run_was_killed_is_its_own(records, interrupted):
    assert read_timeline(records).interrupted == interrupted


def test_what_a_killed_run_did_last_is_its_own_though_the_next_run_sees_it_first():
    killed = (snapshot(0, "a"), ANSWER, INTENDED, DONE, RESUMED, snapshot(1, "b"))
    assert [point.ours for point in read_timeline(killed).points] == [False, True]
    ended = (snapshot(0, "a"), ANSWER, INTENDED, DONE, snapshot(1, "b"), RESUMED, snapshot(1, "c"))
    assert [point.ours for point in read_timeline(ended).points] == [False, True, False]
