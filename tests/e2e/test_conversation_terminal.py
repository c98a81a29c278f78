"""The conversation in a real terminal, as tmux shows it."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys

import pytest
from scripted_endpoint import Answer, calls, text
from tmux_terminal import Terminal

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")
EDIT = ("edit", {"path": "a.txt", "old": "one", "new": "two"})


@pytest.fixture
def terminal(tmp_path, endpoint):
    opened = []

    def open_terminal(columns: int, *flags: str, before=lambda: None, **environment: str) -> Terminal:
        repository = tmp_path / "repository"
        repository.mkdir(exist_ok=True)
        (repository / "a.txt").write_text("one\n")
        before()
        given = {"SEEDSMITH_HOME": str(tmp_path / "state"), "OPENAI_API_KEY": "a-key", **environment}
        words = ["env", *(f"{name}={value}" for name, value in given.items())]
        words += [sys.executable, "-P", "-m", "seedsmith", "-m", "openai/scripted"]
        words += ["--base-url", endpoint.base_url, *flags]
        opened.append(
            Terminal(tmp_path / f"t{len(opened)}", columns, f"{shlex.join(words)}; cat", repository)
        )
        return opened[-1]

    yield open_terminal
    for each in opened:
        each.close()


@pytest.mark.slow
@pytest.mark.parametrize("columns", [40, 100])
def test_a_conversation_fits_the_terminal(terminal, endpoint, columns):
    endpoint.script(calls(EDIT, text="I change it.\n"), text("It says **two** now."))
    at = terminal(columns)
    at.shows("can be typed")
    at.type("Change it", "Enter")
    screen = at.shows("1 file changed")
    assert "edit a.txt" in screen and "+ two" in screen and "It says two now." in screen
    at.shows("ask · openai/scripted")  # the status line
    at.type("/quit", "Enter")
    assert "--resume" in at.shows("Go on with")


@pytest.mark.slow
def test_without_colour_nothing_but_text_is_written(terminal, endpoint):
    endpoint.script(text("Plain."))
    at = terminal(80, NO_COLOR="1")
    at.shows("can be typed")
    at.type("Hi", "Enter")
    assert "Plain." in at.shows("files changed")
    at.does("/diff", "Nothing has changed.")
    at.type("C-c", "C-c")
    at.shows("Go on with")
    assert json.loads(endpoint.requests[0].raw)["messages"][-1]["content"] == "Hi"


def test_the_screen_is_emptied_by_a_key_typed_ahead(terminal):
    at = terminal(100)
    at.shows("can be typed")
    at.type("Enter", "C-l", "typed")
    at.shows("> typed")
    at.type(" ahead")  # what the terminal answered came before this
    at.shows("typed ahead")
    assert at.shown().startswith("> typed ahead")


@pytest.mark.slow
def test_alone_without_a_terminal_the_help_is_shown(tmp_path):
    command = [sys.executable, "-P", "-m", "seedsmith"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0 and "talk" in done.stdout and "run" in done.stdout
    done = subprocess.run([*command, "talk"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 2 and "needs a terminal" in done.stderr


def test_what_the_session_did_is_listed_and_undone(terminal, endpoint, tmp_path):
    endpoint.script(calls(EDIT), text("Changed."))
    at = terminal(100)
    at.shows("can be typed")
    at.type("/undo", "Enter")
    at.shows("no session yet")
    at.type("Change it", "Enter")
    at.shows("1 file changed")
    at.does("/undo", "1 put back")
    assert (tmp_path / "repository/a.txt").read_text() == "one\n"
    at.type("/redo", "Enter")
    at.shows("1 put back; take that back with: /undo")
    assert (tmp_path / "repository/a.txt").read_text() == "two\n"
    at.type("/sessions", "Enter")
    at.shows("Change it")
    at.type("/export -o", "Enter")
    at.shows("requires an argument")
    at.type("/export told.md", "Enter")
    at.does("/doctor", "A run is possible.")
    assert "Change it" in (tmp_path / "repository/told.md").read_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    "environment", [{"TERM": "dumb"}, {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}]
)
def test_plain_terminals_get_lines_they_can_show(terminal, endpoint, environment):
    endpoint.script(calls(("ask", {"question": "Red or blue?"})), text("# Blue\n\n- it **is**\n\nend"))
    at = terminal(80, **environment)
    at.shows("can be typed")
    at.type("Paint it", "Enter")
    at.shows("Your answer>")
    at.type("blue", "Enter")
    screen = at.shows("done - 2 turns" if "LC_ALL" in environment else "done · 2 turns")
    assert "Red or blue?" in screen and "?\n" in screen and "\\x" not in screen
    if "TERM" in environment:
        assert "Esc stops it" not in screen and "> -" not in screen
        assert screen.index("# Blue") < screen.index("- it **is**") < screen.index("end")
    at.type("C-d")
    at.shows("Go on with")


@pytest.mark.slow
def test_a_terminal_made_narrower_while_an_answer_streams_shows_each_line_once(terminal, endpoint):
    words = " ".join(f"word{number}" for number in range(30))
    endpoint.script(Answer(f"- {words}", delta=4, stall_after=40))
    at = terminal(100)
    at.shows("can be typed")
    at.type("Tell me", "Enter")
    at.shows("word14 w…")
    at.run("resize-window", "-t", "t", "-x", "45", "-y", "24")

    def is_drawn_anew(screen):  # wholly: what is looked at may be drawn in part
        return "word6…" in screen and screen.count("word0 ") == screen.count("Esc stops it") == 1

    assert at.until(is_drawn_anew, lambda screen: f"not drawn anew:\n{screen}")
    endpoint.release()
    assert at.shows("1 turn").count("word0 ") == 1


@pytest.mark.slow
def test_a_worktree_that_was_not_changed_is_no_place_to_go_on(terminal, endpoint, tmp_path):
    endpoint.script(text("Nothing to do."))
    git = ["git", "-C", str(tmp_path / "repository"), "-c", "user.name=a", "-c", "user.email=a@b"]
    at = terminal(100, "--worktree", "side", before=lambda: [
        subprocess.run([*git, *each], check=True, capture_output=True)
        for each in (["init", "-q"], ["add", "a.txt"], ["commit", "-q", "-m", "one"])
    ])  # fmt: skip
    at.shows("can be typed")
    at.type("Look", "Enter")
    at.shows("Nothing to do.")
    at.does("/quit", "it is removed")
    assert "Go on with" not in at.screen


@pytest.mark.slow
def test_where_the_folder_is_gone_the_conversation_says_so_and_stays(terminal, endpoint, tmp_path):
    endpoint.script(text("Plain."))
    at = terminal(100)
    at.shows("can be typed")
    at.type("Hi", "Enter")
    at.shows("files changed")
    shutil.rmtree(tmp_path / "repository")
    at.does("Again", "does not exist.")
    screen = at.does("/help", "/undo")
    assert "Traceback" not in screen and "unforeseen" not in screen
