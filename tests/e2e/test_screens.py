"""What the conversation looks like: the moments that matter, as tmux shows them and ``screens`` holds them.

``SEEDSMITH_WRITE_SCREENS=1 pytest tests/e2e/test_screens.py`` writes those and docs/pictures anew.
"""

from __future__ import annotations

import html
import io
import os
import re
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rich.console import Console
from rich.text import Text
from scripted_endpoint import Answer, Endpoint, calls, error, text
from tmux_terminal import Terminal

SCREENS = Path(__file__).parent / "screens"
DOCS = Path(__file__).parents[2] / "docs"
PICTURES = DOCS / "pictures"
WRITES = "SEEDSMITH_WRITE_SCREENS"
"""The variable that has screens written instead of compared."""
REWRITE = f"run: {WRITES}=1 pytest tests/e2e/test_screens.py"
PICTURED = {
    "streaming": "The model answers",
    "tool": "A command runs",
    "approval": "A call asks for your word",
    "diff": "What was changed",
    "review": "A change, hunk by hunk",
}
"""The moments that stand in the documents as pictures, with their titles."""
NORMAL = (
    (re.compile(r"screens-[a-z0-9_]{8}"), "screens-xxxxxxxx"),
    (re.compile(r"\d{8}-\d{9}-[0-9a-f]{6}"), "20260101-000000000-aaaaaa"),
    (re.compile(r"(?<=· )\d+ s(?= · )"), "0 s"),
    (re.compile(r"(?<=· )[\d.]+ m?s(?=\s*(?:\x1b\[[\d;]*m\s*)*$)", re.MULTILINE), "0 ms"),
    (re.compile(r"(?<=takes about )\d,\d{3}"), "2,000"),
    (re.compile(r"(?<=: )¥0\.00\d\d"), "¥0.0070"),
    (re.compile(r"¥0\.5\d{3}(?= with)"), "¥0.5000"),
    (re.compile(r"about ¥0\.01\d\d"), "about ¥0.0100"),
)
"""What differs from run to run, and what stands for it."""
USAGE = {"prompt_tokens": 12_000, "completion_tokens": 90}
SOURCE = '''"""Titles as parts of addresses."""


def slug(title):
    return title.lower().replace(" ", "-")
'''
OLD, NEW = 'title.lower().replace(" ", "-")', '"-".join(title.lower().split())'
EDIT = ("edit", {"path": "slugs.py", "old": OLD, "new": NEW})
BEGINNING = (
    "I read the function first.\n\n- `slug` puts a dash for **each** space\n- so two spaces make two da"
)
TESTS = "printf 'test 1 of 3: words\\ntest 2 of 3: spaces\\n'; sleep 100"
ENDING = "`slug` joins the **words** now:\n\n```python\nslug('A  b')  # a-b\n```\n"
PLAN = "1. Read `slugs.py`.\n2. Let `slug` drop what is no letter, digit or dash.\n3. Add a test for each.\n"

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")


def normal(screen: str) -> str:
    """``screen`` without what differs from run to run."""
    for pattern, stands in NORMAL:
        screen = pattern.sub(stands, screen)
    return "".join(f"{line.rstrip()}\n" for line in screen.rstrip().splitlines())


class Stage:
    """A conversation in a terminal of its own, whose moments are compared."""

    def __init__(self, endpoint: Endpoint, columns: int) -> None:
        self.endpoint = endpoint
        self.columns = columns
        # In paths of the same length everywhere, so that lines break at the same places.
        self.folder = Path(tempfile.mkdtemp(prefix="screens-", dir="/tmp"))
        self.repository = self.folder / "slugs"
        self.repository.mkdir()
        (self.folder / "home").mkdir()
        (self.repository / "slugs.py").write_text(SOURCE)

    def open(self, *flags: str, **environment: str) -> Terminal:
        """Begin the conversation."""
        given = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder / "home"),
            "SEEDSMITH_HOME": str(self.folder / "state"),
            "LANG": "C.UTF-8",
            "TERM": "screen-256color",
            "COLORTERM": "truecolor",
            **environment,
        }
        words = ["env", "-i", *(f"{name}={value}" for name, value in given.items())]
        words += [sys.executable, "-P", "-m", "seedsmith", *flags]
        command = f"{shlex.join(words)}; cat"
        self.terminal = Terminal(self.folder / "tmux", self.columns, command, self.repository)
        return self.terminal

    def serves(self, *flags: str, **environment: str) -> Terminal:
        """Begin it with the scripted service, and an empty screen."""
        address = ("-m", "wcode/doubao-seed-2.0-code", "--base-url", self.endpoint.base_url)
        at = self.open(*address, *flags, WCODE_API_KEY="a-key", **environment)
        at.until(lambda screen: "/help" in screen, lambda screen: f"no welcome:\n{screen}")
        self.clear()
        return at

    def says(self, *keys: str) -> None:
        """Type a line."""
        self.terminal.type(*keys, "Enter")

    def clear(self) -> None:
        """Empty the screen, all but the prompt."""
        self.terminal.type("C-l")
        self.terminal.until(lambda screen: screen.startswith(">"), lambda screen: f"not empty:\n{screen}")

    def moment(self, name: str, words: str) -> None:
        """Wait for ``words``, then for the screen of this moment; or write it."""
        file = SCREENS / f"{name}-{self.columns}.txt"
        squeezed = "".join(words.split())
        shown = self.terminal.until(
            lambda screen: squeezed in "".join(screen.split()), lambda screen: f"no {words!r}:\n{screen}"
        )
        if WRITES in os.environ:
            time.sleep(1)
            SCREENS.mkdir(exist_ok=True)
            PICTURES.mkdir(exist_ok=True)
            file.write_text(normal(self.terminal.shown()))
            if self.columns == 80 and name in PICTURED:
                coloured = self.terminal.shown(colours=True)
                (PICTURES / f"{name}.svg").write_text(picture(coloured, PICTURED[name]))
            return
        wanted = file.read_text()
        shown = self.terminal.until(
            lambda screen: normal(screen) == wanted,
            lambda screen: f"{file.name} says otherwise ({REWRITE}):\n{wanted}\n{'-' * 40}\n{normal(screen)}",
        )
        assert normal(shown) == wanted

    def close(self) -> None:
        """End it, and remove its folder."""
        self.terminal.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def picture(coloured: str, title: str) -> str:
    """The screen as an SVG picture that loads nothing from elsewhere."""
    lines = coloured.rstrip("\n").split("\n")
    screen = "\n".join(normal_line(line) for line in lines)
    console = Console(record=True, width=80, file=io.StringIO(), force_terminal=True, legacy_windows=False)
    console.print(Text.from_ansi(screen), no_wrap=True, overflow="crop", crop=True)
    svg = console.export_svg(title=title, unique_id="screen")
    return re.sub(r"@font-face\s*\{.*?\}\s*", "", svg, flags=re.DOTALL)


def normal_line(line: str) -> str:
    """A line with its colours, without what differs from run to run."""
    for pattern, stands in NORMAL:
        line = pattern.sub(stands, line)
    return line


def words_of(svg: str) -> str:
    """All that a picture shows, but for its title and spaces."""
    found = re.findall(r'<text class="screen-r\d+"[^>]*>(.*?)</text>', svg)
    return "".join("".join(html.unescape(each) for each in found).split())


@pytest.fixture
def stage(endpoint: Endpoint) -> Iterator[Callable[[int], Stage]]:
    opened: list[Stage] = []

    def make(columns: int) -> Stage:
        opened.append(Stage(endpoint, columns))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


WIDTHS = [
    pytest.param(40, marks=pytest.mark.slow),
    80,
    pytest.param(120, marks=pytest.mark.slow),
]


@pytest.mark.parametrize("columns", WIDTHS)
def test_a_conversation_looks_as_it_did(stage, endpoint, columns):
    endpoint.script(
        Answer(BEGINNING, calls=(("read", {"path": "slugs.py"}),), delta=6, stall_after=19, usage=USAGE),
        calls(("shell", {"command": TESTS}), usage=USAGE),
        calls(("write", {"path": ".envrc", "content": "export PYTHONDONTWRITEBYTECODE=1\n"}), usage=USAGE),
        calls(EDIT, usage=USAGE),
        text(ENDING, usage=USAGE),
        text(PLAN, usage=USAGE),
        error(401, "AuthenticationError", "The API key is not valid"),
    )
    at = stage(columns)
    at.serves()
    at.says("Make one dash of spaces in a row")
    at.moment("streaming", "so two spaces make two da")
    endpoint.release()
    at.moment("tool", "test 2 of 3: spaces")
    at.terminal.type("Escape")
    at.terminal.shows("Stopped.")
    at.clear()
    at.says("Go on")
    at.moment("approval", "Run it?")
    at.says("n not now")
    at.moment("diff", "/undo takes it back")
    at.clear()
    at.terminal.does("/diff", "[k keep")
    at.moment("review", "q leave")
    at.says("q")
    at.terminal.shows("commented.")
    at.clear()
    at.terminal.does("/undo", "put back")
    at.moment("undo", "put back")
    at.clear()
    at.terminal.does("/plan Drop what is no letter", "Carry out")
    at.moment("plan", "Carry out the plan?")
    at.says("n")
    at.terminal.does("/plan", "ask: the model")
    at.clear()
    at.terminal.does("/resume", "Go on with which?")
    at.moment("resume", "Go on with which?")
    at.terminal.type("Enter")
    at.clear()
    at.says("And now?")
    at.moment("error", "provider error")


@pytest.mark.slow
@pytest.mark.parametrize("columns", WIDTHS)
def test_the_first_run_looks_as_it_did(stage, columns):
    at = stage(columns)
    at.open()
    at.moment("first-run", "Number, nothing to leave")


@pytest.mark.slow
def test_a_narrow_terminal_in_chinese_looks_as_it_did(stage, endpoint):
    endpoint.script(
        calls(EDIT, usage=USAGE),
        text("好了。", usage=USAGE),
    )
    at = stage(40)
    at.serves("--lang", "zh")
    at.says("把标题里连续的空格合并成一个短横线,并且不要改动其他函数")
    at.moment("narrow", "/undo 可以撤销")


@pytest.mark.slow
def test_without_colour_it_looks_as_it_did(stage, endpoint):
    endpoint.script(calls(EDIT, usage=USAGE), text(ENDING, usage=USAGE))
    at = stage(80)
    at.serves(NO_COLOR="1")
    at.says("Make one dash of spaces in a row")
    at.moment("no-colour", "/undo takes it back")
    assert not re.search(r"\x1b\[(?:[0-9;]*;)?(?:3[0-8]|4[0-8]|9\d)m", at.terminal.shown(colours=True))


def test_the_pictures_show_what_the_screens_do():
    assert {file.stem for file in PICTURES.glob("*.svg")} == set(PICTURED)
    readme = (DOCS.parent / "README.md").read_text()
    page = (DOCS / "conversation.md").read_text()
    for name in PICTURED:
        svg = (PICTURES / f"{name}.svg").read_text()
        assert words_of(svg) == "".join((SCREENS / f"{name}-80.txt").read_text().split()), REWRITE
        assert "url(http" not in svg and f"(pictures/{name}.svg)" in page
    assert len(re.findall(r"\(docs/pictures/\w+\.svg\)", readme)) == 1
