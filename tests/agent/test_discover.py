import pytest

from agent.discover import discover

UNITTEST = "import unittest\n\nclass T(unittest.TestCase):\n    def test_a(self):\n        pass\n"


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"pytest.ini": ""}, "python3 -m pytest -q"),
        ({"pyproject.toml": "[tool.pytest.ini_options]\n"}, "python3 -m pytest -q"),
        ({"setup.cfg": "[tool:pytest]\n"}, "python3 -m pytest -q"),
        ({"tests/conftest.py": ""}, "python3 -m pytest -q"),
        ({"tests/test_a.py": "def test_a():\n    assert 1\n"}, "python3 -m pytest -q"),
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
    ],
)
def test_the_files_name_the_command(tmp_path, files, command):
    write(tmp_path, files)
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
    ],
)
def test_nothing_is_found_where_nothing_says_so(tmp_path, files):
    write(tmp_path, files)
    assert discover(tmp_path) == []


def test_several_are_listed_best_first_with_reasons(tmp_path):
    write(tmp_path, {"Makefile": "test:\n", "test_a.py": UNITTEST, "go.mod": ""})
    found = discover(tmp_path)
    assert [each.command for each in found] == ["python3 -m unittest discover", "go test ./...", "make test"]
    assert [each.because for each in found] == [
        "test_a.py uses unittest",
        "go.mod is there",
        "Makefile has a test target",
    ]


def test_the_folders_own_environment_is_used(tmp_path):
    write(tmp_path, {"pytest.ini": "", ".venv/bin/python": ""})
    assert discover(tmp_path)[0].command == ".venv/bin/python -m pytest -q"


def test_unusual_files_are_passed_over(tmp_path):
    import os

    os.mkfifo(tmp_path / "package.json")
    (tmp_path / "test_loop.py").symlink_to("test_loop.py")
    (tmp_path / "Makefile").write_bytes(b"\xff\xfe\ntest:\n")
    assert [found.command for found in discover(tmp_path)] == ["make test"]


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
