"""Usage, exit codes, and what is printed where; as a process where that is the point."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from seedsmith.agent.cli.flags import TALK_ONLY
from seedsmith.agent.cli.run import MOST_PROMPT_BYTES, read_prompt
from seedsmith.agent.settings.config import flag_name
from seedsmith.agent.settings.settings import OPTIONS

SEEDSMITH = str(Path(sys.executable).with_name("seedsmith"))


@pytest.fixture
def main(seedsmith):
    """Gives back exit code, stdout and stderr."""

    def call(*arguments, **options):
        done = seedsmith(*arguments, **options)
        return done.returncode, done.stdout, done.stderr

    return call


def test_version(process):
    done = process("--version")
    assert (done.returncode, done.stdout) == (0, "seedsmith 0.1.0\n")


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",)])
def test_help_names_every_command(main, arguments):
    code, output, _ = main(*arguments)
    assert code == 0
    for name in ("run", "fix", "tool", "models", "doctor", "demo"):
        assert f"\n  {name} " in output


@pytest.mark.parametrize("name", ["run", "fix", "tool", "models", "doctor", "demo"])
def test_every_command_explains_itself(main, name):
    code, output, _ = main(name, "--help")
    assert code == 0 and output.startswith(f"Usage: seedsmith {name}")


def test_every_flag_of_run_is_a_setting_and_the_other_way_round(main):
    _, output, _ = main("run", "--help")
    for name, option in OPTIONS.items():
        expected = option.flag and name not in TALK_ONLY
        assert (flag_name(name) in output.split()) == expected, name


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("rnu",), "There is no command 'rnu' (did you mean 'run'?)."),
        (("-C", "x", "run", "a b"), "-C belongs after the command: seedsmith run -C …"),
        (("run",), "The prompt is empty; say what to do."),
        (("run", "  "), "The prompt is empty; say what to do."),
        (("run", "fix", "the", "tests"), "quote it, as in seedsmith run 'fix the tests'"),
        (("run", "-p", "say hi"), "There is no flag -p; a prompt needs none: seedsmith run 'say hi'"),
        (("fix", "the", "mean", "is", "wrong"), "No test command was found"),
        (("fix", "--no-test"), "--no-test needs a report"),
        (("fix", "  "), "The report is empty"),
        (("fix", "It crashes. " * 30, "-C", "nowhere"), "nowhere"),  # Too long for a file's name.
        (("skills", "show", "x" * 300), "There is no skill"),
        (("doctor", "-C", "x" * 300), "x… can't be used: it is too long for a path."),
        (("fix", "It fails.", "--no-test", "--test", "true"), "Give --test or --no-test, not both."),
        (("fix", "--issue", "nowhere.md"), "The report nowhere.md can't be read"),
        (
            ("run", "@nowhere.txt"),
            "holds the prompt; nowhere.txt can't be read",
        ),
        (("run", "@"), "no file can't be read"),
        (("run", "a b", "--max-turns", "0"), "--max-turns can't be '0'"),
        (("run", "a b", "--effort", "huge"), "--effort can't be 'huge'"),
        (("run", "a b", "--logit-bias", "{"), "--logit-bias can't be '{'"),
        (("run", "a b", "--verify", ""), "--verify is empty"),
        (("run", "a b", "--resume", " "), "--resume is empty"),
        (("fix", "--test", " "), "--test is empty"),
        (("run", "a b", "--xyzzy"), "There is no flag --xyzzy"),
        (("run", "a b", "--approve", "ask"), "--approve ask needs a terminal"),
        (("a b",), "WCODE_API_KEY"),
        (("--json", "a b"), "-m local/qwen2.5-coder-1.5b"),
        (("run", "a b", "-m", "nobody/x"), "There is no provider 'nobody'"),
        (("run", "a b", "-C", "nowhere", "-m", "openai/x", "--base-url", "http://127.0.0.1:9/v1"), "nowhere"),
        (("fix", "-C", "nowhere"), "nowhere"),
        (("models", "pull", "nothing"), "There is no local model 'nothing'"),
        (("fix",), "No test command was found"),
        (("tool", "read", "@nowhere"), "nowhere can't be read"),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_2(main, arguments, said):
    code, output, sentence = main(*arguments)
    assert (code, output) == (2, ""), sentence
    assert said in sentence
    assert sentence.startswith("seedsmith: ") and sentence.count("\n") == 1


PROMPT_FILES = ("-", "@prompt.txt", "@修复.txt")


@pytest.mark.parametrize("name", PROMPT_FILES)
@pytest.mark.parametrize("data", [b"", b" \n", b"\xef\xbb\xbf", b"\xff\xfe", b"x" * (MOST_PROMPT_BYTES + 1)])
def test_a_prompt_that_is_none_is_wrong_usage(main, place, name, data):
    (place / "repo" / name.lstrip("@")).write_bytes(data)
    code, output, sentence = main("run", name, stdin=data)
    assert (code, output) == (2, "")
    assert " prompt" in sentence and sentence.count("\n") == 1


@pytest.mark.parametrize("name", PROMPT_FILES)
def test_a_prompt_comes_from_standard_input_or_a_file(tmp_path, monkeypatch, name):
    data = "Erklär\r\n修复 --this".encode()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    Path(name.lstrip("@")).write_bytes(data)
    assert read_prompt(name) == "Erklär\r\n修复 --this"


@pytest.mark.parametrize("prompt", ["@a b", "a@b", "--", "- list", "@x.png\n"])
def test_other_prompts_are_themselves(prompt):
    assert read_prompt(prompt) == prompt


@pytest.mark.slow
def test_tracebacks_only_with_debug(process, seedsmith):
    assert "Traceback" in process("run", "a b", "--debug").stderr
    assert "Traceback" not in seedsmith("run", "a b").stderr


def test_mistakes_in_the_configuration_are_wrong_usage(main, tmp_path):
    (tmp_path / "home/.config/seedsmith").mkdir(parents=True)
    (tmp_path / "home/.config/seedsmith/config.yaml").write_text("modle: x\n")
    code, _, sentence = main("run", "a b")
    assert code == 2 and "line 1: unknown key 'modle' (did you mean 'model'?)" in sentence


def test_fix_says_which_tests_it_takes_before_it_goes_on(main, tmp_path):
    (tmp_path / "repo/Makefile").write_text("test:\n\tfalse\n")
    (tmp_path / "repo/conftest.py").touch()
    _, _, said = main("fix")
    first, second = said.splitlines()
    assert (
        first.startswith("seedsmith: Tests: python3 -m pytest -q (conftest.py is there")
        and "Not taken: make test" in first
    )
    assert "WCODE_API_KEY" in second


def test_models_never_shows_a_key(seedsmith, environment):
    environment["WCODE_API_KEY"] = "sk-very-secret"
    done = seedsmith("models")
    assert done.returncode == 0
    assert "WCODE_API_KEY is set" in done.stdout and "needs ARK_API_KEY" in done.stdout
    assert "sk-very-secret" not in done.stdout + done.stderr


def test_models_as_json(seedsmith):
    rows = [json.loads(line) for line in seedsmith("models", "list", "--json").stdout.splitlines()]
    wcode = next(row for row in rows if row["model"] == "wcode/doubao-seed-2.0-code")
    assert wcode["context_tokens"] == 256_000 and not wcode["ready"]
    assert wcode["prices"][0] == {
        "tier": "<=32k",
        "input_cny": 0.00325,
        "output_cny": 0.0165,
        "cached_cny": None,
        "estimated": False,
    }


@pytest.mark.slow
def test_a_reader_that_leaves_early_is_quiet(process):
    done = process("-c", f"{SEEDSMITH} models list --json | true", program=("bash",))
    assert done.stderr == ""


@pytest.mark.slow
@pytest.mark.parametrize("program", [(SEEDSMITH,), (sys.executable, "-m", "seedsmith")])
def test_hostile_folder_shadows_no_module(process, tmp_path, program):
    """A file for every standard and third-party module leaves a mark when it is imported."""
    trap = tmp_path / "trap"
    trap.mkdir()
    others = {"click", "pydantic", "yaml", "rich", "openai", "platformdirs", "annotated_types"}
    for name in (sys.stdlib_module_names | others) - loaded_before_any_code_of_ours(program):
        (trap / f"{name}.py").write_text(f"open('MARK', 'a').write('{name} ')\n")
    done = process("models", cwd=trap, program=program)
    marks = (trap / "MARK").read_text() if (trap / "MARK").exists() else ""
    assert (done.returncode, marks) == (0, ""), done.stderr


def loaded_before_any_code_of_ours(program):
    """``python -m`` imports from the current folder by itself; only ``python -P -m`` doesn't."""
    first = "import runpy, sys; print(*sys.modules)" if "-m" in program else "import sys; print(*sys.modules)"
    listed = subprocess.run((sys.executable, "-P", "-c", first), capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in listed.stdout.split()} | set(sys.builtin_module_names)


@pytest.mark.parametrize(
    ("environment", "possible"),
    [
        ({}, False),
        ({"OPENAI_API_KEY": "k"}, True),
        ({"SEEDSMITH_MODEL": "openai/gpt"}, False),
        ({"SEEDSMITH_MODEL": "nobody/x", "OPENAI_API_KEY": "k"}, False),
    ],
)
def test_doctor_says_of_the_model_what_a_run_says(main, monkeypatch, environment, possible):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for name in ("WCODE_API_KEY", "OPENAI_API_KEY", "SEEDSMITH_API_KEY", "SEEDSMITH_MODEL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    code, findings, _ = main("doctor")
    refused, _, sentence = main("run", "say hi")
    assert refused == 2 and sentence.removeprefix("seedsmith: ").strip() in findings
    assert code == (0 if possible else 1)
    assert ("A run is possible with a model named." in findings) is possible
