"""The worked examples of docs/batch.md, as they stand there, on real small repositories."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from scripted_endpoint import calls, text

from seedsmith.agent.tasks.batch.batch import Batch, Options

PAGE = (Path(__file__).parents[4] / "docs/batch.md").read_text(encoding="utf-8")
COLORBOX_1 = "def paint(what, colour):\n    return f'{colour} {what}'\n"
COLORBOX_2 = "def draw(what, *, colour):\n    return f'{colour} {what}'\n"
COLORBOX_PATCH = f"""\
--- a/vendor/colorbox.py
+++ b/vendor/colorbox.py
@@ -1,2 +1,2 @@
-{COLORBOX_1.splitlines()[0]}
+{COLORBOX_2.splitlines()[0]}
 {COLORBOX_1.splitlines()[1]}
"""


def example(ground, heading):
    """The task file below ``heading``, written where the repositories are."""
    below = PAGE.partition(f"### {heading}\n")[2]
    path = ground.folder / "tasks.yaml"
    path.write_text(re.search(r"```yaml\n(.*?)```", below, re.DOTALL)[1])
    return Batch.open(path, ground.settings, ground.environment)


def works(command):
    """A model that runs one command, and is done."""

    def answer(request):
        said = json.dumps(request.body)
        if '"role": "tool"' in said or '"function_call_output"' in said:
            return text("Done.")
        return calls(("shell", {"command": command}))

    return answer


def told(summary):
    return {row.item.name: (row.state, row.result["message"]) for row in summary.rows()}


@pytest.mark.slow  # five repositories, by workers of their own
async def test_an_option_gets_another_name(ground):
    code = "from lib import draw\n\ndraw(1, colour='red')\ndraw(colour=draw(2, colour=0))\npaint(colour=1)\n"
    for number in range(4):
        files = {"README__md": "Give colour=red.\n"} if number == 0 else {}
        ground.repository(f"services/s{number}", app__py=code.replace("paint(colour=1)\n", ""), **files)
    ground.repository("lib", draw__py="def draw(what, color):\n    return what, color\n")
    ground.endpoint.script(works("sed -i s/colour/color/ README.md"))
    summary = await example(ground, "An option gets another name").run(Options())
    states = {name: state for name, (state, _) in told(summary).items()}
    assert states == {**{f"s{number}": "verified" for number in range(4)}, "lib": "unchanged"}, told(summary)
    expected = "from lib import draw\n\ndraw(1, color='red')\ndraw(color=draw(2, color=0))\n"
    for number in range(4):
        assert ground.git(f"services/s{number}", "show", "rename-colour:app.py") == expected
    assert ground.git("services/s0", "show", "rename-colour:README.md") == "Give color=red.\n"
    assert len(ground.endpoint.requests) == 2, "a model is asked for one repository's documentation only"


@pytest.mark.slow  # two attempts, and the tests of two repositories several times
async def test_a_dependency_whose_call_changed(ground):
    test = "import unittest\n\nfrom app import f\n\n\nclass T(unittest.TestCase):\n    def test_f(self):\n"
    test += "        self.assertEqual(f(), 'red box')\n"
    begin = "import sys\n\nsys.path.insert(0, 'vendor')\nimport colorbox\n\n\ndef f():\n    return "
    for name, call in {
        "plain": "colorbox.paint('box', 'red')",
        "odd": "colorbox.paint(*('box', 'red'))",
    }.items():
        path = ground.repository(
            f"apps/{name}", app__py=f"{begin}{call}\n", test_app__py=test, requirements__txt="colorbox==1.4\n"
        )
        (path / "vendor").mkdir()
        (path / "vendor/colorbox.py").write_text(COLORBOX_1)
        ground.commit(f"apps/{name}", "Vendor it")
    (ground.folder / "colorbox-2.patch").write_text(COLORBOX_PATCH)
    mend = """sed -i "s/colorbox.paint.*/colorbox.draw('box', colour='red')/" app.py"""
    ground.endpoint.script(works(mend))
    summary = await example(ground, "A dependency whose call changed").run(Options())
    assert summary.exit_code == 0, told(summary)
    for name in ("plain", "odd"):
        text_of = ground.git(f"apps/{name}", "show", "colorbox-2:app.py")
        assert text_of == f"{begin}colorbox.draw('box', colour='red')\n"
        assert ground.git(f"apps/{name}", "show", "colorbox-2:requirements.txt") == "colorbox==2.0\n"
        assert "+colorbox==2.0" in (ground.folder / f"patches/{name}.patch").read_text()
    attempts = {row.item.name: len(row.result["attempts"]) for row in summary.rows()}
    assert attempts == {"plain": 0, "odd": 2}


@pytest.mark.slow  # mypy reads its own library for each item
async def test_type_hints_file_by_file(ground):
    ground.repository(
        "project",
        shapes__py="def area(width, height):\n    return width * height\n",
        prices__py="def price(cents: int) -> str:\n    return str(cents)\n",
    )
    hints = "s/(width, height)/(width: float, height: float) -> float/"
    ground.endpoint.script(works(f"sed -i '{hints}' shapes.py"))
    summary = await example(ground, "Type hints, file by file").run(Options())
    states = {name: state for name, (state, _) in told(summary).items()}
    assert states == {"project@shapes.py": "verified", "project@prices.py": "unchanged"}, told(summary)
    hinted = ground.git("project", "show", "types/shapes.py:shapes.py")
    assert hinted.startswith("def area(width: float, height: float) -> float:\n")
