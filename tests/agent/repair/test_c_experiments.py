"""Experiments on C point at the wrong line, with a real compiler and make."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from seedsmith.agent.repair import c_experiments, locating
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.isolation.bubblewrap import Bubblewrap

pytestmark = [
    pytest.mark.skipif(not all(map(shutil.which, ("cc", "gcov", "make"))), reason="needs cc, gcov and make"),
    pytest.mark.slow,
]

PROGRAM = """#include "span.h"

struct pair { int low, high; };

int width(int first, int last)
{
    return last - first;
}

int touches(struct span one, struct span other)
{
    struct span least = one;
    while (one.first > other.last + 100)
        one.first--;
    return one.last > other.first && least.first <= other.last;
}
"""
HEADER = "struct span { int first, last; };\nint width(int, int);\nint touches(struct span, struct span);\n"
TESTS = """#include <assert.h>
#include "span.h"

static void test_width(void) { assert(width(1, 3) == 2 + WIDER); }
static void test_apart(void) { struct span a = {1, 2}, b = {4, 6}; assert(!touches(a, b)); }
static void test_touching(void) { struct span a = {1, 4}, b = {4, 6}; assert(touches(a, b) == MEETS); }

int main(void)
{
    test_apart();
    test_width();
    test_touching();
    return 0;
}
"""
MAKEFILE = "test: program\n\t./program\nprogram: span.c test_span.c span.h\n"
MAKEFILE += "\t$(CC) -Wall -Werror -o $@ span.c test_span.c\n"


@pytest.mark.parametrize(
    ("wider", "meets", "line"), [(1, 0, "last - first"), (0, 1, "one.last > other.first")]
)
async def test_what_cures_the_tests_points_at_its_line(
    work: Path, runner: ProcessRunner, monkeypatch: pytest.MonkeyPatch, wider: int, meets: int, line: str
) -> None:
    monkeypatch.setattr(locating, "_PART", 1.0)
    monkeypatch.setattr(c_experiments, "MOST_SECONDS", 60.0)
    monkeypatch.setattr(c_experiments, "_LEAST_PATIENCE", 5.0)
    if not isinstance(runner.isolation, Bubblewrap):
        pytest.skip("needs bubblewrap")
    files = {"span.c": PROGRAM, "span.h": HEADER, "Makefile": MAKEFILE}
    files["test_span.c"] = TESTS.replace("WIDER", str(wider)).replace("MEETS", str(meets))
    for name, text in files.items():
        (work / name).write_text(text)
    _, found = await locating.locate("make test", runner, frozenset(files), 60)
    assert found["span.c"][PROGRAM[: PROGRAM.index(line)].count("\n") + 1] == 1.0
    assert (work / "span.c").read_text() == PROGRAM
    assert not list(runner.policy.private_tmp.glob("seedsmith*"))
