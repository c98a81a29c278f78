import pytest

from seedsmith.agent.cli.fix import choose_tests
from seedsmith.agent.settings.settings import Settings
from seedsmith.agent.tasks.missing_programs import missing_program

PROGRAMS = ("make", "python3", "pytest")
TABLE = [
    ("tox", {}, "tox"),
    ("A=1 tox -e py", {}, "tox"),
    ("python3 -m pytest", {}, ""),
    (".venv/bin/pytest -q", {}, ""),
    ("make test", {"Makefile": "test:\n\tuv run pytest\n"}, "uv"),
    ("make test", {"Makefile": "test:\n\t@A=1 uv run \\\n\t  pytest\n"}, "uv"),
    ("make test", {"Makefile": "UV ?= uv # the manager\nRUN = $(UV) run\ntest:\n\t$(RUN) pytest\n"}, "uv"),
    ("make test", {"Makefile": "test: lint\n\tpytest\n\nlint:\n\truff check .\n"}, "ruff"),
    ("make test", {"Makefile": ".PHONY: test\ntest:\n\n# All.\n\tcd src && uv run pytest\n"}, "uv"),
    ("make -j test", {"Makefile": "test:\n\tuv run pytest\n"}, ""),
    ("make test", {"Makefile": "test:\n\t-uv run pytest\n\tpytest | tee log\n"}, ""),
    ("make test", {"Makefile": "test:\n\tif true; then uv run pytest; fi\n"}, ""),
    ("make test", {"Makefile": "test:\n\t. env/bin/activate && nose\n\t./run nose\n\t$(NOSE)\n"}, ""),
    ("make test", {"Makefile": "test:\n\tcommand -v uv || exit 0\n\tnose || pytest\n"}, ""),
    ("make test", {"Makefile": "export PATH := env/bin:$(PATH)\ntest:\n\tnose\n"}, ""),
    ("make check", {"Makefile": "test:\n\tuv run pytest\n"}, ""),
    ("make test", {}, ""),
    ("make test '", {}, ""),
]


@pytest.fixture
def put(tmp_path, monkeypatch):
    """Write files of the repository; of programs PATH holds ``PROGRAMS`` alone."""
    (tmp_path / "bin").mkdir()
    for name in PROGRAMS:
        (tmp_path / "bin" / name).touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    folder = tmp_path / "repository"
    folder.mkdir()

    def written(files):
        for name, text in files.items():
            (folder / name).write_text(text)
        return folder

    return written


@pytest.mark.parametrize(("command", "files", "missing"), TABLE)
def test_a_program_is_missing_where_the_words_and_the_makefile_say_so(put, command, files, missing):
    assert missing_program(command, put(files)) == missing


def test_tests_are_taken_that_can_be_run(put):
    folder = put({"AGENTS.md": "Run all tests: `make test`", "Makefile": "test:\n\tuv run pytest tests/\n"})
    assert choose_tests(Settings(workspace=folder))[0] == "make test"
    put({"test_a.py": "def test_a(): ...\n"})
    command, said = choose_tests(Settings(workspace=folder))
    assert command == "python3 -m pytest -q"
    assert said.endswith("Not taken: make test (uv is not installed).")


def test_the_package_that_a_person_stands_in_is_tested_where_the_root_of_several_has_no_tests(
    tmp_path, monkeypatch
):
    inner = tmp_path / "packages" / "shop" / "lib"
    inner.mkdir(parents=True)
    (tmp_path / "package.json").write_text('{"workspaces": ["packages/*"]}')
    (inner.parent / "package.json").write_text('{"scripts": {"test": "mocha"}}')
    monkeypatch.chdir(inner)
    settings = Settings(workspace=tmp_path).typed(())
    assert choose_tests(settings)[0] == "cd packages/shop && npm test"
    (tmp_path / "package.json").write_text('{"scripts": {"test": "mocha packages"}}')
    assert choose_tests(settings)[0] == "npm test"
