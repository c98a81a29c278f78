"""Many versions of C functions in one program, with a real compiler and make."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from seedsmith.agent.repair.c_versions import Verdicts, batch_of, verdicts
from seedsmith.agent.repair.trials import Candidate, Failing
from seedsmith.agent.repair.watched_run import diagnose
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.isolation.bubblewrap import Bubblewrap

compiles = pytest.mark.skipif(not all(map(shutil.which, ("cc", "make"))), reason="needs cc and make")
PROGRAM = """#include "span.h"

static int limit = 10;

int width(int first, int last)
{
    if (last < first)
        goto wrong;
    return first - last;
wrong:
    return -limit;
}
"""
TESTS = """#include <assert.h>
#include "span.h"
int main(void) { assert(width(1, 3) == 2); assert(width(3, 1) == -10); return 0; }
"""
MAKEFILE = "test: program\n\t./program\nprogram: span.c test_span.c span.h\n"
MAKEFILE += "\t$(CC) -std=c11 -Wall -Werror -o $@ span.c test_span.c\n"
FILES = {"span.c": PROGRAM, "span.h": "int width(int, int);\n", "test_span.c": TESTS, "Makefile": MAKEFILE}
WRONG = "return first - last;"
RIGHT = "return last - first;"


def changed(new: str, old: str = WRONG) -> Candidate:
    assert old in PROGRAM
    return Candidate("span.c", PROGRAM, PROGRAM.replace(old, new))


def test_a_batch_holds_changes_of_functions_that_mean_something_new() -> None:
    right, again = changed(RIGHT), changed(RIGHT + " ")
    outside = changed("limit = 11", "limit = 10")
    python = Candidate("span.py", PROGRAM, right.new)
    found = batch_of([outside, right, python, again], lambda each: (each.path, each.new.replace(" ", "")))
    assert [*found.values()] == [right]
    assert not batch_of([right], lambda each: None)


def test_a_replay_goes_by_the_recorded_verdicts() -> None:
    recorded = iter([9.0, 2.0, 4.0, 7.0])
    assert Verdicts(3, (1,)).as_measured(lambda _: next(recorded)) == Verdicts(9, (4, 7))
    assert next(recorded, None) is None


@compiles
@pytest.mark.parametrize(
    ("command", "said"), [("make test", Verdicts(6, (4,))), ("make other; false", Verdicts())]
)
async def test_one_program_tells_which_changes_pass(
    work: Path, runner: ProcessRunner, command: str, said: Verdicts
) -> None:
    if not isinstance(runner.isolation, Bubblewrap):
        pytest.skip("needs bubblewrap")
    for name, text in FILES.items():
        (work / name).write_text(text)
    known = frozenset(FILES)
    failing = Failing(command, await diagnose(command, runner, known, 60.0), known)
    candidates = [
        changed("return first * last;"),
        changed("return unknown - first;"),
        changed("return last - unknown;"),
        changed("return width_of(last - first);"),
        changed(RIGHT),
        changed("return abort_now(last - first);"),
    ]
    assert await verdicts(failing, runner, candidates, 300.0) == said
    assert (work / "span.c").read_text() == PROGRAM
    assert not list(runner.policy.private_tmp.glob("seedsmith-versions*"))


@compiles
async def test_the_next_program_holds_what_did_not_fit_into_the_first(
    work: Path, runner: ProcessRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not isinstance(runner.isolation, Bubblewrap):
        pytest.skip("needs bubblewrap")
    monkeypatch.setattr("seedsmith.agent.repair.c_versions._MOST_TOGETHER", 2)
    for name, text in FILES.items():
        (work / name).write_text(text)
    failing = Failing(
        "make test", await diagnose("make test", runner, frozenset(FILES), 60.0), frozenset(FILES)
    )
    candidates = [changed(f"return {number};") for number in (1, 3, 4)] + [
        changed(RIGHT),
        changed("return 5;"),
    ]
    assert await verdicts(failing, runner, candidates, 300.0) == Verdicts(4, (3,))
