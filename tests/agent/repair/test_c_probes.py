"""Probes in C leave a program as it was, and tell what could be changed where."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from seedsmith.agent.repair.c_probes import code_of, probed
from seedsmith.agent.repair.probe_sites import Site

PROGRAM = r"""/* A line of each kind. */
#include <stdio.h>
#include <string.h>
#define TWICE(x) ((x) * 2)
enum { LOW = 3, HIGH };
struct box { int side; const char *name; struct box *next; };
static const int TABLE[] = { 1, 2, HIGH };
static int calls = 0;

static int area(const struct box *box, int scale)
{
    static int last = -1;
    int sides[2] = { box->side, scale }, *first = &sides[0];
    calls += 1;
    if (!box || (scale < 0 && box->name[0] == 'x'))
        return -1;
    else if (scale == 0) return 0; else last = scale;
    for (int i = 0, n = 2; i < n; i++) { sides[i] *= TABLE[i]; if (i > LOW) continue; }
    switch (scale) { case 1: case HIGH: *first += 1; break; default: first++; goto end; }
end:
    do { scale--; } while (scale > 3);
    while (scale) scale = scale > 0 ? scale - 1 : scale + 1;
    return TWICE(sides[0] + sides[1]) + (int)sizeof(sides) / (int)sizeof *sides + last;
}

#ifdef NEVER
int never(void) { return 1 }
#endif

int main(int argc, char **argv)
{
    struct box boxes[] = { { .side = 2, .name = "a" }, { 3, "xb", 0 } };
    char text[16] = "";
    (void)argv;
    boxes[0].next = &boxes[1];
    for (const struct box *each = boxes; each; each = each->next)
        printf("%d %d %s\n", area(each, 4), area(each, argc > 5), each->name);
    strcpy(text, argc > 1 ? "more" : "one"), text[0] = 'O';
    printf("%s %d %.1f %zu\n", text, calls, 1.5 * argc, strlen(text) + 0u);
    return 0;
}
"""


def everywhere(line: int, kind: str) -> bool:
    return True


def run(folder: Path, text: str, experiment: str = "") -> str:
    (folder / "program.c").write_text(text)
    subprocess.run(
        ["cc", "-Wall", "-Wextra", "-Werror", "-o", "program", "program.c"], cwd=folder, check=True
    )
    environment = os.environ | {"SEEDSMITH_EXPERIMENT": experiment}
    return subprocess.run(
        ["./program"], cwd=folder, env=environment, capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs cc")
def test_a_program_does_the_same_with_probes_but_for_the_one_that_is_asked_for(tmp_path: Path) -> None:
    sites: list[Site] = []
    names: list[list[str]] = []
    changed = probed("a.c", PROGRAM, sites, names, everywhere)
    assert changed is not None and len(sites) == len(names) > 80
    usual = run(tmp_path, PROGRAM)
    assert run(tmp_path, changed) == usual
    counted = PROGRAM[: PROGRAM.index("calls += 1")].count("\n") + 1
    bit = next(number for number, site in enumerate(sites) if site.line == counted)
    assert sites[bit].kind == "statement"
    assert " 0 1.5" in run(tmp_path, changed, f"{bit}:{code_of('not', [])}")


def test_a_value_knows_what_else_of_its_type_is_seen_there() -> None:
    sites: list[Site] = []
    names: list[list[str]] = []
    text = (
        "int f(int a, long b, char *c, char *d)\n{\n    int near = a;\n    { int hidden = 1; }\n"
        "    for (int i = near; i < 3;) g(c, i);\n    int later = 2;\n    return b;\n}\n"
    )
    assert probed("a.c", text, sites, names, everywhere)
    on = {
        line: [n for site, n in zip(sites, names, strict=True) if site.line == line and n]
        for line in range(1, 9)
    }
    assert on[3] == [[]] or on[3] == []
    assert ["d"] in on[5] and ["near", "a"] in on[5]
    assert not any("later" in each or "hidden" in each for line in (3, 5) for each in on[line])


@pytest.mark.parametrize("text", ["", "/* nothing */\n", "int x = 3;\n", "int f(" * 3_000])
def test_where_nothing_can_be_changed_nothing_is(text: str) -> None:
    sites: list[Site] = []
    assert probed("a.c", text, sites, [], everywhere) is None
    assert sites == []
