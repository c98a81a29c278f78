"""Settings, recipes and programs that decide how tests are run: what differs of them is told, no more."""

from __future__ import annotations

import pytest

from seedsmith.agent.run.proof.test_recipes import changed_recipes

TOX = "[tox]\nenvlist = py\n\n[testenv]\ndeps = pytest\ncommands =\n    pytest -q\n"
PYTEST = '[project]\nname = "shop"\n\n[tool.pytest.ini_options]\ntestpaths = ["tests"]\nmarkers = ["slow"]\n'
HATCH = '[tool.hatch.envs.default.scripts]\ntest = "pytest"\nlint = "ruff check"\n'
LEGACY = f"[tool.tox]\nlegacy_tox_ini = '''\n{TOX}'''\n"
NOX = "import nox\n\n\n@nox.session\ndef tests(session):\n    session.run('pytest')  # all\n"
MAKE = """\
PYTHON = python3
ARGS = -q $(MORE)
MORE = --tb=short
CFLAGS = -O2

test: build
\t$(PYTHON) -m pytest $(ARGS)

quick:
\t@go test ./...

build:
\tcc $(CFLAGS) -o shop shop.c
"""
PROGRAM = """\
import sys
import unittest

# All of them.
suite = unittest.defaultTestLoader.discover("tests")
sys.exit(not unittest.TextTestRunner().run(suite).wasSuccessful())
"""
PACKAGE = '{"version": "1", "jest": {"testMatch": ["a"]}, "scripts": {"test": "jest"}}'
CARGO = '[alias]\nt = "test --workspace"\n\n[net]\noffline = true\n'


@pytest.mark.parametrize(
    ("path", "text", "old", "new", "says"),
    [
        ("tox.ini", TOX, "pytest -q", "pytest -q -k a", "testenv.commands is something else"),
        ("setup.cfg", TOX, "    pytest -q\n", "", "testenv.commands is something else"),
        ("setup.cfg", "[tool:pytest]\naddopts = -q\n", "-q", "-x", "tool:pytest.addopts is something else"),
        ("pyproject.toml", PYTEST, "tests", "docs", "pytest.testpaths is something else"),
        ("pyproject.toml", HATCH, "pytest", "true", "default.scripts.test is something else"),
        ("pyproject.toml", LEGACY, "pytest -q", "true", "testenv.commands is something else"),
        ("noxfile.py", NOX, "'pytest'", "'true'", "tests is something else"),
        ("Makefile", MAKE, "short", "short -k a", "test runs something else"),
        ("Makefile", MAKE, "python3", "true", "test runs something else"),
        ("Makefile", MAKE, "./...", "-run A ./...", "quick runs something else"),
        ("Makefile", MAKE, "\nquick", "\n.IGNORE: test\n\nquick", "every target runs something else"),
        ("Makefile", MAKE, "PYTHON", "SHELL = /bin/true\nPYTHON", "every target runs something else"),
        ("runtests.py", PROGRAM, '"tests"', '"tests/unit"', "it runs something else"),
        ("run_tests.py", PROGRAM, "sys.exit", "sys.exit(0)\nsys.exit", "it runs something else"),
        ("package.json", PACKAGE, '["a"]', '["b"]', "jest is something else"),
        (".cargo/config.toml", CARGO, "--workspace", "--lib", "alias.t is something else"),
        (
            ".cargo/config.toml",
            CARGO,
            "[net]",
            "[profile.test]\ndebug-assertions = false\n[net]",
            "profile.test",
        ),
        (".cargo/config.toml", "", "", "[target.x]\nrunner = 'true'\n", "target.x.runner is something else"),
    ],
)
def test_what_decides_how_tests_are_run_is_told(path, text, old, new, says):
    (found,) = changed_recipes(path, text, text.replace(old, new, 1) if old else new)
    assert found.startswith(says) and found.endswith("something else")


@pytest.mark.parametrize(
    ("path", "text", "old", "new"),
    [
        ("tox.ini", TOX, "deps = pytest", "deps =\n  pytest\n  tox"),
        ("tox.ini", TOX, "    pytest -q", "  pytest   -q"),
        ("pyproject.toml", PYTEST, '["slow"]', '["slow", "new"]'),
        ("pyproject.toml", PYTEST, '"shop"', '"store"'),
        ("pyproject.toml", HATCH, "ruff check", "ruff"),
        ("noxfile.py", NOX, "# all", "# each"),
        ("Makefile", MAKE, "-O2", "-O3"),
        ("Makefile", MAKE, "cc ", "gcc "),
        ("Makefile", MAKE, "test: build", "ARGS2 = 1\n\ntest: build"),
        ("runtests.py", PROGRAM, "# All of them.", "# Each."),
        ("runtests.py", PROGRAM, "suite =", "print(1)\nsuite ="),
        ("shop.py", PROGRAM, '"tests"', '"more"'),
        ("package.json", PACKAGE, '"1"', '"2"'),
        (".cargo/config.toml", CARGO, "true", "false"),
    ],
)
def test_what_does_not_decide_how_tests_are_run_is_told_of_by_nothing(path, text, old, new):
    assert old in text
    assert not [*changed_recipes(path, text, text.replace(old, new, 1))]


def test_new_files_are_no_others():
    for path, text in (
        ("tox.ini", TOX),
        ("Makefile", MAKE),
        ("runtests.py", PROGRAM),
        ("package.json", PACKAGE),
    ):
        assert not [*changed_recipes(path, "", text)]
