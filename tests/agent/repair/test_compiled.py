"""C's tests are told apart by what the compiler counts, in a copy of the workspace."""

import shutil
from pathlib import Path

import pytest
from examples import first_fast

from seedsmith.agent.repair.compiled import with_compiled_lines
from seedsmith.agent.repair.copies import can_copy
from seedsmith.agent.repair.suspects import find_suspects
from seedsmith.agent.repair.watched_run import diagnose
from seedsmith.sandbox.snapshots.listing import list_files
from seedsmith.sandbox.workspace.workspace import Workspace

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("cc", "gcov", "make"))), reason="needs cc, gcov and make"
)


@pytest.fixture(autouse=True)
def strong(runner) -> None:
    if not can_copy(runner):
        pytest.skip("needs bubblewrap")


PROGRAM = """int twice(int value)
{
    return value * 2;
}

int half(int value)
{
    if (value < 0)
        return -half(-value);
    return value / 3;
}
"""
MAKEFILE = "test: build/test\n\t./build/test\nbuild/test: program.c test_program.c\n\tmkdir -p build\n"
MAKEFILE += "\t$(CC) -Wall -Werror -O2 -o $@ program.c test_program.c\n"
HEAD = "#include <assert.h>\n#include <setjmp.h>\n#include <stdio.h>\nint twice(int); int half(int);\n"
ASSERTED = (
    HEAD
    + """static void test_twice(void) { assert(twice(2) == 4); }
static void test_half(void)
{
    assert(half(4) == 2);
}
int main(void) { test_twice(); test_half(); return 0; }
"""
)
TABLE = (
    HEAD
    + """static int wrong;
static void check(int is, int expected)
{
    if (is != expected) {
        printf("FAIL: got %d\\n", is);
        wrong++;
    }
}
static void row(int of(int), int value, int expected) { check(of(value), expected); }
int main(void) { row(twice, 2, 4); row(half, 4, 2); row(twice, 3, 6); return wrong != 0; }
"""
)
JUMPED = (
    HEAD
    + """static jmp_buf place;
static int wrong;
static void test_half(void)
{
    if (half(4) != 2) { printf("test_program.c:%d: half\\n", __LINE__); wrong++; longjmp(place, 1); }
}
static void test_twice(void) { if (twice(2) != 4) wrong++; }
int main(void) { if (!setjmp(place)) test_half(); test_twice(); return wrong; }
"""
)


@pytest.mark.parametrize(
    "tests", first_fast(1, [TABLE, ASSERTED, JUMPED]), ids=["table", "asserted", "jumped"]
)
async def test_what_only_the_failing_test_ran_comes_first(work: Path, runner, tests) -> None:
    (work / "program.c").write_text(PROGRAM)
    (work / "test_program.c").write_text(tests)
    (work / "Makefile").write_text(MAKEFILE)
    with Workspace(work) as workspace:
        known = frozenset(list_files(workspace, None))
    plain = await diagnose("make test", runner, known, 60)
    built = (work / "build" / "test").read_bytes()
    diagnosis = await with_compiled_lines("make test", runner, plain, known)
    lines = diagnosis.suspicion()["program.c"]
    assert lines[10] == 1.0 and 3 not in lines and 9 not in lines
    suspects = find_suspects(diagnosis, known, lambda path: (work / path).read_text())
    assert suspects[0].region.name == "half"
    assert (work / "build" / "test").read_bytes() == built
    assert not [path for path in work.rglob("*") if path.suffix in (".gcda", ".gcno")]
    assert not list(runner.policy.private_tmp.glob("seedsmith*"))


async def test_what_is_not_compiled_by_name_is_left_as_it_was(work: Path, runner) -> None:
    compiler = shutil.which("cc")
    (work / "test_program.c").write_text(HEAD + "int main(void) { assert(0); }\n")
    command = f"{compiler} test_program.c -o test_program && ./test_program"
    known = frozenset({"test_program.c"})
    plain = await diagnose(command, runner, known, 60)
    assert await with_compiled_lines(command, runner, plain, known) == plain
