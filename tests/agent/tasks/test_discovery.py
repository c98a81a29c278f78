import os
import shutil
import subprocess

import pytest
from small_files import write_files

from seedsmith.agent.tasks.discovery import discover

IN_PRIVATE_TMP = (
    'cmake -S . -B "$TMPDIR/build" && cmake --build "$TMPDIR/build" '
    '&& ctest --test-dir "$TMPDIR/build" --output-on-failure'
)
UNITTEST = "import unittest\n\nclass T(unittest.TestCase):\n    def test_a(self):\n        pass\n"


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"pytest.ini": ""}, "python3 -m pytest -q"),
        ({"pyproject.toml": "[tool.pytest.ini_options]\n"}, "python3 -m pytest -q"),
        ({"setup.cfg": "[tool:pytest]\n"}, "python3 -m pytest -q"),
        ({"tests/conftest.py": ""}, "python3 -m pytest -q"),
        ({"tests/test_a.py": "def test_a():\n    assert 1\n"}, "python3 -m pytest -q"),
        ({"tests/test_a.py": "def test():\n    assert 1\n"}, "python3 -m pytest -q"),
        ({"test_a.py": UNITTEST, "requirements-dev.txt": "ruff\npytest>=8\n"}, "python3 -m pytest -q"),
        ({"test_a.py": UNITTEST, "requirements/test.txt": "pytest\n"}, "python3 -m pytest -q"),
        (
            {
                "pyproject.toml": "[tool.poetry.group.dev.dependencies]\npytest = '*'\n",
                "tests/test_a.py": UNITTEST,
            },
            "python3 -m pytest -q",
        ),
        (
            {"pyproject.toml": "[dependency-groups]\ndev = ['pytest>=8']\n", "test_a.py": UNITTEST},
            "python3 -m pytest -q",
        ),
        ({"test_a.py": UNITTEST, "requirements.txt": "pytestify\n"}, "python3 -m unittest discover"),
        ({"a_test.py": "class TestA:\n    def test_a(self): ...\n"}, "python3 -m pytest -q"),
        ({"test_a.py": UNITTEST}, "python3 -m unittest discover"),
        ({"tests/test_a.py": UNITTEST}, "python3 -m unittest discover -s tests"),
        ({"tests/test_a.py": UNITTEST, "tests/__init__.py": ""}, "python3 -m unittest discover"),
        ({"checks/a_test.py": UNITTEST}, "python3 -m unittest discover -s checks -p '*_test.py'"),
        ({"package.json": '{"scripts": {"test": "node --test"}}'}, "npm test"),
        ({"go.mod": "module a\n"}, "go test ./..."),
        ({"Cargo.toml": "[package]\n"}, "cargo test"),
        ({"Makefile": "all:\n\tcc a.c\ntest: all\n\t./a\n"}, "make test"),
        ({"Makefile": "check : all\n"}, "make check"),
        ({"GNUmakefile": "test::\n"}, "make test"),
        ({"tox.ini": "[tox]\nenvlist = py\n"}, "tox"),
        ({"tox.ini": "[testenv:unit]\ncommands = x\n"}, "tox"),
        ({"tox.ini": "[pytest]\n"}, "python3 -m pytest -q"),
        ({"tox.toml": "requires = []\n"}, "tox"),
        ({"pyproject.toml": "[tool.tox]\nrequires = []\n"}, "tox"),
        ({"setup.cfg": "[tox:tox]\nenvlist = py\n"}, "tox"),
        ({"noxfile.py": "import nox\n"}, "nox"),
        ({"pom.xml": "<project/>"}, "mvn -q -B test"),
        ({"pom.xml": "<project/>", "mvnw": "not executable"}, "mvn -q -B test"),
        ({"pom.xml": "<project/>", "mvnw*": "#!/bin/sh\n"}, "./mvnw -q -B test"),
        ({"build.gradle": ""}, "gradle --no-daemon --console=plain test"),
        ({"settings.gradle.kts": "", "gradlew*": ""}, "./gradlew --no-daemon --console=plain test"),
        ({"CMakeLists.txt": "project(a C)\nenable_testing()\n"}, IN_PRIVATE_TMP),
        ({"CMakeLists.txt": "  Include ( CTest )\n"}, IN_PRIVATE_TMP),
        ({"CMakeLists.txt": "gtest_discover_tests(a)\n"}, IN_PRIVATE_TMP),
        (
            {"CMakeLists.txt": "add_test(a a)\n", "build/CMakeCache.txt": ""},
            "cmake --build build && ctest --test-dir build --output-on-failure",
        ),
    ],
)
def test_the_files_name_the_command(tmp_path, files, command):
    write_files(tmp_path, files)
    assert [found.command for found in discover(tmp_path)] == [command]


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"main.py": "def test_looks_like_it(): ...\n"},
        {"package.json": '{"scripts": {"test": "echo \\"Error: no test specified\\" && exit 1"}}'},
        {"package.json": "{"},
        {"package.json": "[" * 100_000},
        {"package.json": '{"scripts": ["test"]}'},
        {"pyproject.toml": "[tool.pytest"},
        {"Makefile": "test := 1\ntesting:\n"},
        {"node_modules/a/test_a.py": UNITTEST},
        {".tox/lib/test_a.py": UNITTEST},
        {"env/pyvenv.cfg": "", "env/test_a.py": UNITTEST},
        {"tox.ini": "[flake8]\n"},
        {"tox.ini": "no section\n"},
        {"pyproject.toml": "tool = 3\n"},
        {"CMakeLists.txt": "project(a C)\n# add_test(a a)\n"},
        {"build.gradle/a": ""},
        {"AGENTS.md": "Run the tests before you commit.\n"},
    ],
)
def test_nothing_is_found_where_nothing_says_so(tmp_path, files):
    write_files(tmp_path, files)
    assert discover(tmp_path) == []


C_PROJECT = {"Makefile": "check:\n\t./a\n", "src/a.c": "", "src/b.c": "", "src/b.h": ""}
HELPER = {"tools/test_gen.py": "def test_data():\n    return []\n"}


@pytest.mark.parametrize(
    ("files", "commands"),
    [
        ({**C_PROJECT, **HELPER}, ["make check", "python3 -m pytest -q"]),
        ({**HELPER, "src/a.c": "", "src/b.c": ""}, ["python3 -m pytest -q"]),
        ({**C_PROJECT, **HELPER, "conftest.py": ""}, ["python3 -m pytest -q", "make check"]),
        (
            {**C_PROJECT, "tests/test_a.py": "def test_a(): ...\n"},
            ["python3 -m pytest -q", "make check"],
        ),
        (
            {"Makefile": "check:\n", "a.c": "", "a.py": "", **HELPER},
            ["python3 -m pytest -q", "make check"],
        ),
    ],
)
def test_a_helper_beside_a_program_in_c_comes_last(tmp_path, files, commands):
    write_files(tmp_path, files)
    assert [found.command for found in discover(tmp_path)] == commands


def test_several_are_listed_best_first_with_reasons(tmp_path):
    write_files(tmp_path, {"Makefile": "test:\n", "test_a.py": UNITTEST, "go.mod": ""})
    found = discover(tmp_path)
    assert [each.command for each in found] == ["python3 -m unittest discover", "go test ./...", "make test"]
    assert [each.because for each in found] == [
        "test_a.py uses unittest",
        "go.mod is there",
        "Makefile has a test target",
    ]


def test_the_folders_own_environment_is_used(tmp_path):
    write_files(tmp_path, {"pytest.ini": "", ".venv/bin/python": ""})
    assert discover(tmp_path)[0].command == ".venv/bin/python -m pytest -q"


def test_unusual_files_are_passed_over(tmp_path):
    os.mkfifo(tmp_path / "package.json")
    (tmp_path / "test_loop.py").symlink_to("test_loop.py")
    (tmp_path / "Makefile").write_bytes(b"\xff\xfe\ntest:\n")
    assert [found.command for found in discover(tmp_path)] == ["make test"]


@pytest.mark.parametrize(("lock", "command"), [("pnpm-lock.yaml", "pnpm test"), ("yarn.lock", "yarn test")])
def test_the_lock_file_names_the_manager_where_it_is_installed(tmp_path, monkeypatch, lock, command):
    write_files(tmp_path, {"package.json": '{"scripts": {"test": "node --test"}}', lock: ""})
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert [found.command for found in discover(tmp_path)] == ["npm test"]
    write_files(tmp_path, {f"bin/{command.split()[0]}*": "#!/bin/sh\n"})
    assert [found.command for found in discover(tmp_path)] == [command]


@pytest.mark.slow
def test_a_ctest_project_is_built_outside_its_sources_and_tested(tmp_path):
    """The command as it is discovered, run for real."""
    if not (shutil.which("cmake") and shutil.which("ctest") and shutil.which("cc")):
        pytest.skip("needs cmake and ctest and cc")
    cmake = "cmake_minimum_required(VERSION 3.20)\nproject(a C)\nenable_testing()\n"
    cmake += "add_executable(a a.c)\nadd_test(NAME a COMMAND a)\n"
    source = tmp_path / "source"
    write_files(source, {"CMakeLists.txt": cmake, "a.c": "int main(void) { return 1; }\n"})
    command = discover(source)[0].command
    environment = {**os.environ, "TMPDIR": str(tmp_path)}

    def run():
        return subprocess.run(command, shell=True, cwd=source, env=environment, capture_output=True)

    assert run().returncode != 0
    write_files(source, {"a.c": "int main(void) { return 0; } /* mended */\n"})
    done = run()
    assert done.returncode == 0, done.stdout
    assert sorted(path.name for path in source.iterdir()) == ["CMakeLists.txt", "a.c"]
