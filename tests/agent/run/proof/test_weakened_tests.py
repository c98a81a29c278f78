"""Tests that were weakened, skipped, deleted or special-cased are found; new and renamed ones are none."""

from __future__ import annotations

import stat

import pytest

from seedsmith.agent.run.proof.weakened_tests import tampered
from seedsmith.sandbox.snapshots.manifest_rows import Difference, Row

PYTHON = """\
import unittest

import shop


def test_total():
    assert shop.total([1, 2]) == 3
    assert shop.total([]) == 0


class Test(unittest.TestCase):
    def test_price(self):
        self.assertEqual(shop.price("a"), 5)
"""
JAVASCRIPT = """\
const { total } = require("./shop");
describe("total", () => {
  it("adds", () => {
    expect(total([1, 2])).toBe(3);
  });
  test('of nothing', () => { assert.equal(total([]), 0); });
});
"""
AVA = """test('of many', t => {
\tt.deepEqual(split('1,2', {
\t\tat: ',',
\t}), {
\t\tids: [1, 2],
\t});
});
"""
GO = """\
package shop

func TestTotal(t *testing.T) {
\tif Total(1, 2) != 3 {
\t\tt.Fatal("wrong")
\t}
}

func TestNothing(t *testing.T) {
\tt.Error("x")
}
"""
RUST = """\
pub fn total(v: &[i32]) -> i32 { v.iter().sum() }

#[cfg(test)]
mod tests {
    #[test]
    fn adds() { assert_eq!(super::total(&[1, 2]), 3); }

    #[test]
    fn of_nothing() {
        assert_eq!(super::total(&[]), 0);
    }
}
"""


def told(*files, strict=True):
    """What is told of ``files``: a path, what it held (None: nothing) and what it holds now."""
    contents = {}

    def row(text):
        if text is None:
            return None
        name = f"{len(contents)}" if text.encode() not in contents.values() else ""
        name = name or next(key for key, value in contents.items() if value == text.encode())
        contents[name] = text.encode()
        return Row(stat.S_IFREG | 0o644, len(text), name)

    differences = [Difference(path, row(old), row(new)) for path, old, new in files]
    return tampered(differences, contents.__getitem__, strict=strict)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("    assert shop.total([]) == 0\n", "", "test_total asserts less"),
        ("assert shop.total([]) == 0", "assert shop.total([]) == 1", "test_total asserts something else"),
        ("total([]) == 0", "total([]) is not None", "test_total asserts something else"),
        ("def test_total", "@pytest.mark.skip\ndef test_total", "test_total is skipped"),
        ("def test_total", "@pytest.mark.xfail(reason='x')\ndef test_total", "test_total is skipped"),
        ("class Test(", "@unittest.skip('x')\nclass Test(", "Test.test_price is skipped"),
        ("test_total():\n", "test_total():\n    pytest.skip('x')\n", "test_total is skipped"),
        ("test_total():\n", "test_total():\n    return\n", "test_total ends before"),
        ("def test_total", "def check_total", "test_total is gone"),
        ("import shop\n", "import shop\npytestmark = pytest.mark.skip\n", "all its tests are skipped"),
        (
            "    assert shop.total([]) == 0\n",
            "    try:\n        assert shop.total([]) == 0\n    except AssertionError:\n        pass\n",
            "test_total swallows what fails",
        ),
    ],
)
def test_a_weaker_test_of_python_is_told(old, new, says):
    assert old in PYTHON
    found = told(("tests/test_shop.py", PYTHON, PYTHON.replace(old, new)))
    assert found and any(says in each for each in found), found


@pytest.mark.parametrize(
    ("path", "text", "old", "new", "says"),
    [
        ("a.test.js", JAVASCRIPT, 'it("adds"', 'it.skip("adds"', "skips tests"),
        ("a.test.js", JAVASCRIPT, 'it("adds"', 'it.only("adds"', "skips tests"),
        ("a.test.js", JAVASCRIPT, "describe(", "xdescribe(", "skips tests"),
        ("a.test.js", JAVASCRIPT, ".toBe(3)", ".toBe(4)", "asserts something else"),
        ("a.test.js", JAVASCRIPT, "    expect(total([1, 2])).toBe(3);\n", "", "asserts less"),
        ("a.test.js", JAVASCRIPT, JAVASCRIPT[JAVASCRIPT.index("  test('") :], "});\n", "of nothing is gone"),
        ("test/a.js", AVA, "[1, 2]", "'1,2'", "asserts something else"),
        ("test/a.js", f"// About many.\nopen('a/*'); // or one\n{AVA}", "[1, 2]", "[1]", "something else"),
        ("shop_test.go", f"// Of shops.\n{GO}", '\t\tt.Fatal("wrong")\n', "", "asserts less"),
        ("shop_test.go", GO, '\t\tt.Fatal("wrong")\n', "", "asserts less"),
        ("shop_test.go", GO, "\tif Total", '\tt.Skip("x")\n\tif Total', "skips tests"),
        ("shop_test.go", GO, GO[GO.index("func TestNothing") :], "", "TestNothing is gone"),
        (
            "src/lib.rs",
            RUST,
            "    #[test]\n    fn of",
            "    #[test]\n    #[ignore]\n    fn of",
            "skips tests",
        ),
        ("src/lib.rs", RUST, ", 3)", ", 4)", "asserts something else"),
        ("src/lib.rs", RUST.replace("eq!", "delta!"), ", 3)", ", 4)", "asserts something else"),
        ("src/lib.rs", RUST, "    #[test]\n    fn of_nothing", "    fn of_nothing", "of_nothing is gone"),
    ],
)
def test_a_weaker_test_elsewhere_is_told(path, text, old, new, says):
    assert old in text
    found = told((path, text, text.replace(old, new)))
    assert found and any(says in each for each in found), found


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("shop.py", "x = 1\n", "import os\nif 'PYTEST_CURRENT_TEST' in os.environ:\n    x = 3\n"),
        ("shop.py", "x = 1\n", "import sys\nif 'pytest' in sys.modules:\n    x = 3\n"),
        ("shop.js", "", "if (process.env.NODE_ENV === 'test') return 3;\n"),
        ("shop.go", "", "if testing.Testing() { return 3 }\n"),
        ("src/lib.rs", "", "if cfg!(test) { return 3; }\n"),
        ("shop.py", "x = 1\n", "import sys\nif 'pytest' in sys.argv:\n    x = 3\n"),
        ("shop.js", "", "if (typeof jest !== 'undefined') return 3;\n"),
        ("shop.go", "", 'if strings.HasSuffix(os.Args[0], ".test") { return 3 }\n'),
        ("pyproject.toml", "[tool.pytest.ini_options]\n", "[tool.pytest.ini_options]\nopts='--deselect a'\n"),
        ("package.json", '{"test": "jest"}', '{"test": "jest || true"}'),
        ("conftest.py", None, "def pytest_collection_modifyitems(items):\n    items.clear()\n"),
        ("tests/__snapshots__/a.test.js.snap", "1", "2"),
    ],
)
def test_what_is_special_cased_or_left_out_is_told(path, old, new):
    assert told((path, old, new))


SCRIPT = "#!/bin/sh\n# All of them.\nset -e\npython3 -m pytest -q tests\n"
MAKE = "all: test\n\ntest: build\n\tpython3 -m unittest\n\ncheck:\n\truff check\n"
PACKAGE = '{"scripts": {"test": "node --test", "build": "tsc"}}'
PROGRAM = "import os\n\n\ndef total():\n    return 1\n"


@pytest.mark.parametrize(
    ("path", "old", "new", "says"),
    [
        ("pytest.py", None, "print('1 passed')\n", "it takes the place of pytest, by which tests are run"),
        ("unittest/__main__.py", None, "", "it takes the place of unittest, by which tests are run"),
        ("src/sitecustomize.py", None, "", "it takes the place of sitecustomize, by which tests are run"),
        ("pytest.ini", "[pytest]\n", "[pytest]\naddopts = --co\n", "tests are left out"),
        ("Makefile", MAKE, MAKE.replace("python3 -m unittest", "true"), "test runs something else"),
        ("sub/Makefile", MAKE, "all:\n", "test runs something else"),
        ("run_tests.sh", SCRIPT, SCRIPT.replace("tests", "tests || true"), "it runs something else"),
        ("run_tests.sh", "./a\n", "./a\nexit 0\n", "it runs something else"),
        ("ci/all.sh", SCRIPT, SCRIPT.replace("-e", "+e"), "it runs something else"),
        ("script/test", SCRIPT, SCRIPT.replace("-q", "-q -k a"), "it runs something else"),
        ("package.json", PACKAGE, PACKAGE.replace("node --test", "true"), "test runs something else"),
        ("shop.py", PROGRAM, f"{PROGRAM}\nos._exit(0)\n", "the program ends the process of the tests"),
    ],
)
def test_what_runs_other_tests_or_none_is_told(path, old, new, says):
    assert f"{path}: {says}" in told((path, old, new))


def test_what_runs_the_same_tests_is_told_of_by_nothing():
    options = "[pytest]\naddopts = --color=yes --cov=shop\n"
    assert not told(
        ("shop/pytest.py", None, "x = 1\n"),
        ("unittest.md", None, ""),
        ("pytest.ini", "[pytest]\n", options),
        ("Makefile", MAKE, MAKE.replace("test: build", "test:") + "lint:\n\truff check\n"),
        ("package.json", PACKAGE, PACKAGE.replace("tsc", "tsc -p .")),
        ("new/Makefile", None, MAKE),
        ("new/run_tests.sh", None, SCRIPT),
        ("run_tests.sh", SCRIPT, SCRIPT.replace("All of", "Each of")),
        ("build.sh", "make\n", "make -j2\n"),
        ("install.sh", "pip install pytest\n", "pip install pytest tox\n"),
        ("broken/package.json", "{", PACKAGE),
    )
    task = (("Makefile", MAKE, ""), ("shop.py", PROGRAM, f"{PROGRAM}\nos._exit(0)\n"))
    assert not told(*task, strict=False)


def test_what_is_gone_is_told_unless_it_is_elsewhere():
    assert told(("tests/test_shop.py", PYTHON, None))
    assert not told(("tests/test_shop.py", PYTHON, None), ("tests/unit/test_shop.py", None, PYTHON))
    changed = PYTHON.replace("import shop\n", "from lib import shop\n")
    assert not told(("tests/test_shop.py", PYTHON, None), ("tests/unit/test_shop.py", None, changed))


def test_new_tests_and_other_names_are_told_of_by_nothing():
    more = PYTHON + "\n\ndef test_more():\n    assert shop.total([5]) == 5\n"
    assert not told(
        ("tests/test_shop.py", PYTHON, more), ("tests/test_new.py", None, "import pytest\npytest.skip()\n")
    )
    assert not told(("tests/test_shop.py", PYTHON, PYTHON.replace("shop.total", "store.amount")))
    assert not told(("tests/test_shop.py", PYTHON, PYTHON.replace("def test_total", "def test_amount")))
    assert not told(("a.test.js", JAVASCRIPT, JAVASCRIPT.replace("total(", "amount(")))
    assert not told(("src/lib.rs", RUST, RUST.replace("super::total", "super::amount")))
    assert not told(("a.test.js", f"// expect(1);\n/* expect(2);\n */\n{JAVASCRIPT}", JAVASCRIPT))
    assert not told(("test/a.js", AVA, AVA.replace("\t});\n});", "\t});\n\tt.is(split('').ids, 0);\n});")))
    nested = f"t.test('all', t => {{\n{AVA.replace('test(', 't.test(')}}});\n"
    assert not told(("test/a.js", nested, nested.replace("\t});\n});", "\t});\n\tt.pass();\n});")))
    assert not told(("test/a.js", AVA, AVA.replace("[1, 2]", "[\n\t\t\t1,\n\t\t\t2,\n\t\t]")))
    assert not told(("shop.py", "x = 1\n", "# PYTEST_CURRENT_TEST is not asked\nx = 2\n"))


SHARED = """\
import unittest

import pytest
from shop import price

RATES = [(1, 0.33)]


@pytest.fixture
def rate():
    return 0.25


def check(found, wanted):
    assert found == wanted


def test_price(rate):
    \"\"\"Of 30.\"\"\"
    want = 12.5
    assert price(50, rate) == want


@pytest.mark.parametrize("n, r", RATES)
def test_rates(n, r):
    check(price(n, r), r)


class Test(unittest.TestCase):
    def test_it(self):
        self.assertEqual(price(2, 3), 6)
"""


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("want = 12.5", "want = 12.4", "test_price works with something else"),
        ("want = 12.5", "want = price(50, rate)", "test_price works with something else"),
        ("[(1, 0.33)]", "[]", "what its tests share is something else"),
        ("return 0.25", "return 0.5", "what its tests share is something else"),
        ("    assert found == wanted", "    pass", "check asserts less"),
        (
            "    assert price",
            "    if rate:\n        assert price",
            "test_price asserts under a condition alone",
        ),
        ("import price\n", "import price as p\n\nprice = lambda *a: 12.5\n", "price is something else"),
        ("\nRATES", "\nimport shop\n\nshop.price = min\nRATES", "shop.price is something else"),
        (
            "    def test_it",
            "    def assertEqual(self, *a): pass\n\n    def test_it",
            "assertEqual is something",
        ),
        (
            "    want =",
            "    with suppress(AssertionError):\n        assert 0\n    want =",
            "swallows what fails",
        ),
    ],
)
def test_what_a_test_works_with_counts(old, new, says):
    assert old in SHARED
    changed = ("tests/test_shop.py", SHARED, SHARED.replace(old, new))
    found = told(changed)
    assert found and any(says in each for each in found), found
    assert bool(told(changed, strict=False)) == ("something" not in says)


def test_values_that_are_elsewhere_or_new_are_told_of_by_nothing():
    path = "tests/test_shop.py"
    assert not told(
        (path, SHARED, SHARED.replace("want = 12.5", "want = W").replace("RATES =", "W = 12.5\nRATES ="))
    )
    assert not told((path, SHARED, SHARED.replace("0.33)", "0.33), (2, 0.66)").replace("Of 30", "Of 50")))
    assert not told((path, SHARED, SHARED.replace("want", "due").replace("check", "same")))
    assert not told(
        (
            path,
            SHARED,
            SHARED.replace("import pytest\n", "import os\nimport pytest\n\nos.environ['A'] = '1'\n"),
        )
    )


@pytest.mark.parametrize("name", ["conftest.py", "tests/__init__.py", "tests/test_new.py"])
def test_what_tests_replace_as_they_are_loaded_is_told(name):
    assert told((name, None, "import shop\n\nshop.price = min\n")) == (
        f"{name}: shop.price is something else",
    )
    patched = "import sys\n\nsys.modules['shop'] = object()\n"
    assert told((name, None, patched)) == (f"{name}: sys.modules['shop'] is something else",)
    fixture = "import pytest\n\n\n@pytest.fixture(autouse=True)\ndef it(monkeypatch):\n    monkeypatch.{}\n"
    assert told((name, None, fixture.format("setattr('shop.price', min)")))
    assert not told((name, None, fixture.format("chdir('/')")))


def test_data_of_tests_that_are_not_what_they_were_are_told():
    cases, path = "[\n  [1, 2],\n  [3, 4]\n]\n", "tests/data/cases.json"
    assert told((path, cases, cases.replace("4", "5"))) == (f"{path}: it holds something else",)
    assert not told((path, cases, cases.replace("4]", "4],\n  [5, 6]")), (path, None, cases))
    assert not told((".github/workflows/tests.yml", "a: 1\n", "a: 2\n"), ("tests/README.md", "a\n", "b\n"))


TABLE = """package shop

func TestTable(t *testing.T) {
\tfor _, tt := range []struct{ in, want float64 }{
\t\t{137, 0.33},
\t} {
\t\tif got := Share(tt.in); got != tt.want {
\t\t\tt.Errorf("%v", got)
\t\t}
\t}
}
"""
LOCAL = """const assert = require('assert');
const rates = [0.25];

test('price', () => {
  const want = 12.5;
  assert.equal(price(50), want);
});
"""
OF_RUST = "#[test]\nfn of_share() {\n    let want = 0.33;\n    assert_eq!(share(137.0), want);\n}\n"


@pytest.mark.parametrize(
    ("path", "text", "old", "new", "says"),
    [
        ("a_test.go", TABLE, "0.33", "0.3", "TestTable works with something else"),
        ("a_test.go", TABLE, "\t\t{137, 0.33},\n", "", "TestTable works with something else"),
        ("a_test.go", TABLE, "got != tt", "got > tt", "asserts something else"),
        ("a_test.go", TABLE, "; got", "; false && got", "asserts something else"),
        ("a_test.go", TABLE, "\tfor", "\treturn\n\tfor", "TestTable ends before it asserts"),
        ("a.test.js", LOCAL, "12.5", "12.4", "price works with something else"),
        ("a.test.js", LOCAL, "0.25", "0.5", "what its tests share is something else"),
        ("a.test.js", LOCAL, "  const", "  return;\n  const", "price ends before it asserts"),
        (
            "a.test.js",
            LOCAL,
            "  assert",
            "  if (process.env.CI)\n  assert",
            "price asserts under a condition",
        ),
        ("a.test.js", LOCAL, "  const want", "  try { x() } catch (e) {}\n  const want", "price swallows"),
        ("a.test.js", LOCAL, "require('assert')", "{ equal() {} }", "what it asserts by is something else"),
        ("tests/a.rs", OF_RUST, "0.33", "0.3", "of_share works with something else"),
        (
            "tests/a.rs",
            OF_RUST,
            "#",
            "macro_rules! assert_eq { ($($t:tt)*) => {} }\n#",
            "what it asserts by is",
        ),
    ],
)
def test_what_tests_elsewhere_work_with_counts(path, text, old, new, says):
    found = told((path, text, text.replace(old, new, 1)))
    assert found and any(says in each for each in found), found


def test_more_tests_around_old_ones_are_told_of_by_nothing():
    row = "\t\t{137, 0.33},\n"
    assert not told(("a_test.go", TABLE, TABLE.replace(row, f"{row}\t\t{{1, 1}},\n")))
    more = "test('more', () => {\n  if (x) return;\n  try { y() } catch {}\n});\n"
    assert not told(("a.test.js", LOCAL, LOCAL.replace("test('price'", f"{more}test('price'") + more))
    assert not told(
        ("a.test.js", LOCAL, LOCAL.replace("want = 12.5", "want = due").replace("[0.25]", "[0.25, 12.5]"))
    )


def test_the_cases_of_a_test_count():
    old = '@pytest.mark.parametrize("a", [(1, "x"), (2, "y")])\ndef test_it(a):\n    assert shop.of(a)\n'
    path = "tests/test_shop.py"
    assert told((path, old, old.replace('(1, "x"), ', ""))) == (f"{path}: test_it asserts less",)
    assert told((path, old, old.replace('"y"', '"z"'))) == (f"{path}: test_it asserts something else",)
    assert not told((path, old, old.replace("[(1", '[(3, "z"), (1')))


def test_another_expectation_is_no_weaker_test_where_no_bug_is_fixed():
    changed = ("tests/test_shop.py", PYTHON, PYTHON.replace("== 0", "== 1"))
    assert told(changed) and not told(changed, strict=False)
