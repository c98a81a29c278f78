"""Several attempts: the one that is taken, by rule, and the reasons of all."""

from __future__ import annotations

import json

import pytest
from examples import first_fast
from scripted_endpoint import calls, text

SECOND = "Change as little as the task allows"
THIRD = "find out why things are as they are"
CHECK = "grep -q new a.txt && ! grep -rq broken ."


def script(first, second, third="true"):
    """An endpoint's answers: each attempt runs its own command, told apart by what it was told besides."""

    def answer(request):
        said = json.dumps(request.body)
        if '"role": "tool"' in said or '"function_call_output"' in said:
            return text("Done.")
        return calls(("shell", {"command": second if SECOND in said else third if THIRD in said else first}))

    return answer


async def attempted(ground, *commands, verify=CHECK):
    ground.endpoint.script(script(*commands))
    ground.repository("one", a__txt="old\n", test_a__txt="a test\n")
    summary = await ground.run(
        repositories=["one"],
        steps=[{"prompt": "Say new"}],
        verify=verify,
        deliver={"branch": "changed"},
        budget={"each": {"turns": 3}},
        attempts=3,
    )
    (row,) = summary.rows()
    return row


def chosen(row):
    return [each["number"] for each in row.result["attempts"] if each["chosen"]]


SMALL = "sed -i s/old/new/ a.txt"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("commands", "expected"),
    first_fast(
        2,
        [
            # Of equals the one whose work passes with the tests of the others beside it.
            (
                (
                    f"{SMALL}; echo x > x.txt",
                    f"{SMALL}; echo x > y.txt",
                    f"{SMALL}; echo broken > test_b.txt",
                ),
                1,
            ),
            ((f"{SMALL}; echo more >> b.txt", SMALL, "true"), 2),
            ((f"{SMALL}; echo more >> test_a.txt", f"{SMALL}; seq 9 > b.txt", "true"), 2),
            (("true", "true", SMALL), 3),
        ],
    ),
)
async def test_which_is_taken(ground, commands, expected):
    row = await attempted(ground, *commands)
    assert row.state == "verified" and chosen(row) == [expected], row.result["attempts"]
    assert ground.git("one", "show", "changed:a.txt") == "new\n"
    reasons = [each["reason"] for each in row.result["attempts"]]
    assert reasons[expected - 1].startswith("proven on both sides")


@pytest.mark.slow
async def test_where_none_is_proven_the_closest_is_told_and_nothing_delivered(ground):
    commands = ("echo 3 failed > why", "echo 1 failed > why", "echo 2 failed > why")
    row = await attempted(ground, *commands, verify="cat why; false")
    assert row.state == "failed" and row.result["message"].startswith(
        "None of 3 attempts is proven; attempt 2 came closest, with 1 failing tests left: "
    )
    assert ground.git("one", "branch", "--format=%(refname:short)") == "main\n"


@pytest.mark.slow
async def test_one_attempt_where_no_model_is_needed(ground):
    ground.repository("one", a__txt="old\n")
    summary = await ground.run(
        repositories=["one"],
        steps=[{"run": SMALL}, {"prompt": "Say new", "unless": {"verified": True}}],
        verify=CHECK,
        deliver={"branch": "changed"},
        attempts=3,
    )
    (row,) = summary.rows()
    assert row.state == "verified" and row.result["attempts"] == [] and not ground.endpoint.requests
