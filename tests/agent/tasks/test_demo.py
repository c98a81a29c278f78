import subprocess
import sys

from seedsmith.agent.settings.settings import Settings
from seedsmith.agent.tasks import demo


def run_tests(folder):
    return subprocess.run(demo.test_command(), shell=True, cwd=folder, capture_output=True, text=True)


def test_the_repository_is_committed_and_red(tmp_path):
    folder = tmp_path / "library"
    assert demo.make_repository(folder)
    log = subprocess.run(
        ("git", "log", "--format=%s"), cwd=folder, capture_output=True, text=True, check=True
    )
    status = subprocess.run(
        ("git", "status", "--short"), cwd=folder, capture_output=True, text=True, check=True
    )
    assert (log.stdout, status.stdout) == ("Fines for late books\n", "")
    done = run_tests(folder)
    assert done.returncode == 1 and "AssertionError: 1740 != 60" in done.stderr


def test_the_bug_is_one_line_and_no_test_is_wrong(tmp_path):
    folder = tmp_path / "library"
    demo.make_repository(folder)
    loans = folder / "loans.py"
    text = loans.read_text()
    loans.write_text(text.replace("borrowed - timedelta", "borrowed + timedelta"))
    assert loans.read_text() != text
    assert run_tests(folder).returncode == 0


def test_git_settings_of_the_user_do_not_reach_it(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert demo.make_repository(tmp_path / "library")
    assert (tmp_path / "library/.git/HEAD").exists() and not (tmp_path / "elsewhere").exists()


def test_without_git_it_is_a_plain_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "own_program", lambda *_: None)
    assert demo.make_repository(tmp_path / "library") is False
    assert (tmp_path / "library/loans.py").exists()


def test_the_tests_run_under_this_python():
    assert sys.executable in demo.test_command()


def test_the_local_model_is_for_those_without_a_key():
    assert demo.needs_local_model(Settings(), {})
    assert not demo.needs_local_model(Settings(), {"ARK_API_KEY": "k"})
    assert not demo.needs_local_model(Settings(model="wcode/doubao-seed-2.0-code"), {})
    assert not demo.needs_local_model(Settings(api_key="k"), {})
