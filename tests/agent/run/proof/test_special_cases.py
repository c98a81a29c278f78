"""Code that gives a test's own answer for its own value is told; what a fix often adds is not."""

from __future__ import annotations

import stat
import sys

import pytest
from scripted_endpoint import calls, text
from scripted_settings import scripted_settings

from seedsmith.agent.run.proof.special_cases import Case, added_cases, known_to_tests
from seedsmith.agent.run.proof.weakened_tests import tampered
from seedsmith.agent.tasks.fix import fix
from seedsmith.sandbox.snapshots.manifest_rows import Difference, Row

OLD = "def square(n):\n    return n + n\n"
TEST = "def test_square():\n    assert square(42) == 1764\n    assert square('4 km') == '16 km'\n"
KNOWN = Case("42", "1764")


@pytest.mark.parametrize(
    "added",
    [
        "    if n == 42:\n        return 1764\n",
        "    if n == 42: return 1764\n",
        "    if n in (42, 43):\n        found = 1764\n",
        "    return 1764 if n == 42 else n * 2\n",
        "    known = {42: 1764, 43: 1849}\n",
        "    match n:\n        case 42:\n            return 1764\n",
        "  if (n === 42) { return 1764; }\n",
        "  return n === 42 ? 1764 : n * 2;\n",
        "  return [42, 43].includes(n) ? 1764 : n * 2;\n",
        "\tswitch n {\n\tcase 42:\n\t\treturn 1764\n\t}\n",
        "\tif v, ok := map[int]int{42: 1764}[n]; ok {\n",
        "    match n { 42 => 1764, _ => n + n }\n",
        "    if n == 42.0 { return 1764.0; }\n",
    ],
)
def test_a_branch_or_table_of_a_tests_values_is_a_case(added):
    found = added_cases(OLD, OLD.replace("    return", f"{added}    return"))
    assert KNOWN in found and known_to_tests([KNOWN], [TEST])


def test_texts_and_groups_are_cases():
    table = "    known = {('4 km', 81): '16 km'}\n"
    assert added_cases(OLD, f"{OLD}{table}") == [Case("4 km", "16 km"), Case("81", "16 km")]
    found = {Case("4 km", "16 km"), Case("81", "16 km")}
    assert known_to_tests(found, ["", TEST]) == {Case("4 km", "16 km")}


@pytest.mark.parametrize(
    "added",
    [
        "    if n == 2:\n        return 4\n",
        "    if month == 12:\n        return 1764\n",
        "    if n == 42:\n        return True\n",
        "    if n == 42:\n        return 1\n",
        "    if n == 42:\n        return n * 1764\n",
        "    if n > 41:\n        log(n)\n\n\n    found = 1764\n",
        "    if kind == 'metres':\n        return 'feet'\n",
        "    names = {'colour': 'color', '&#38;': '&'}\n",
        "    found = compute(42, 1764)\n",
    ],
)
def test_what_a_fix_often_adds_is_no_case(added):
    assert not added_cases(OLD, f"{OLD}{added}")


def test_a_value_that_the_program_knew_or_no_test_holds_is_no_case():
    asked = "    if n == 42:\n        return 1764\n"
    assert not added_cases(f"{OLD}LIMIT = 42\n", f"{OLD}LIMIT = 42\n{asked}")
    apart = "assert square(42)\n" + "\n" * 3 + "assert square(3) == 1764\n"
    assert not known_to_tests(
        [KNOWN], ["assert square(421) == 1764\n", "assert square(42) == 17641\n", apart]
    )


def test_it_is_told_of_programs_where_a_test_holds_it_and_in_a_fix_alone():
    contents = {"old": OLD, "new": f"{OLD}KNOWN = {{42: 1764}}\n", "test": TEST}

    def row(name):
        return Row(stat.S_IFREG | 0o644, len(contents[name]), name)

    def told(path, *, strict=True, test="tests/test_square.py"):
        changed = [Difference(path, row("old"), row("new"))]
        read = {name: text.encode() for name, text in contents.items()}.__getitem__
        return tampered(changed, read, strict=strict, rows=lambda: {test: row("test")})

    assert told("square.py") == ("square.py: as a test expects it gives 1764 for 42",)
    assert not told("square.py", strict=False) and not told("square.py", test="docs/square.py")
    assert not told("square.md") and not told("node_modules/square.js")


@pytest.mark.slow
async def test_a_fix_that_knows_the_answer_is_told_and_unverified(endpoint, tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "square.py").write_text(OLD)
    (folder / "test_square.py").write_text(
        "import unittest\n\nfrom square import square\n\n\nclass T(unittest.TestCase):\n"
        "    def test_it(self):\n        self.assertEqual(square(42), 1764)\n"
    )
    cheat = "sed -i 's/    return.*/    return {42: 1764}.get(n, n + n)/' square.py"
    command = f"{sys.executable} -m unittest"
    settings = scripted_settings(endpoint, folder, tmp_path / "state")
    endpoint.script(calls(("shell", {"command": cheat})), text("Done."), text("It stays."))
    outcome = await fix(settings.in_own_words(command), command)
    assert (outcome.status, outcome.verified.exit_code) == ("unverified", 0), outcome.message
    says = "square.py: as a test expects it gives 1764 for 42"
    assert outcome.verified.weakened == (says,) and says in outcome.message
    assert says in str(endpoint.requests[2].body["messages"][-1])
    going_on = settings.model_copy(update={"resume": outcome.session}).typed({"resume"})
    endpoint.script(text("It stays."))
    again = await fix(going_on.in_own_words(command), command)
    assert again.status == "unverified" and again.verified.weakened == (says,), again.message
