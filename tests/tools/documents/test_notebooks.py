"""Notebooks are read and edited by their cells; afterwards nbformat takes them, the rest is as it was."""

from __future__ import annotations

import json

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat import v4

from seedsmith.agent.run.one_tool import run_tool
from seedsmith.agent.settings.settings import Settings
from seedsmith.tools.documents.notebook import NoNotebook, cells_of, replacements


@pytest.fixture
def call(tmp_path):
    (tmp_path / "work").mkdir()

    async def called(name, **arguments):
        settings = Settings(workspace=tmp_path / "work", home=tmp_path / "state")
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
        return await run_tool(settings, name, json.dumps(arguments), environment)

    return called


def notebook():
    made = v4.new_notebook()
    code = v4.new_code_cell('def größe(a):\n    print("x")\n    return a - 1')
    code.outputs = [
        v4.new_output("stream", text="line\n" * 100),
        v4.new_output("display_data", data={"image/png": "aGk=", "text/plain": "<Figure>"}),
        v4.new_output("error", ename="ValueError", evalue="no", traceback=[]),
    ]
    made.cells = [v4.new_markdown_cell("# Title\n\nWords"), code, v4.new_code_cell("")]
    return made


@pytest.fixture
def file(tmp_path, call):
    path = tmp_path / "work" / "a.ipynb"
    nbformat.write(notebook(), path)
    return path


async def test_cells_are_shown_with_their_outputs_shortened(file, call):
    result = await call("read", path="a.ipynb")
    assert result.text.startswith(
        '== cell 1 (markdown)\n# Title\n\nWords\n== cell 2 (code)\ndef größe(a):\n    print("x")'
    )
    assert result.text.count("-> line") == 20 and "-> … of 500 characters" in result.text
    assert (
        "-> (image/png)" in result.text and "aGk=" not in result.text and "-> ValueError: no" in result.text
    )
    assert "a notebook of 3 cells" in result.text
    part = await call("read", path="a.ipynb", offset=1, limit=1)
    assert "cell 2" not in part.text and "offset=2" in part.text
    assert not (await call("read", path="a.ipynb", offset=4)).ok


async def test_a_cell_is_edited_and_the_rest_stays_byte_for_byte(file, call):
    before = file.read_text(encoding="utf-8")
    new = "    print(\"ä\\n\", 'b')\n\n    return a + 1"
    result = await call("edit", path="a.ipynb", old='    print("x")\n    return a - 1', new=new)
    assert result.ok, result.text
    wanted = notebook()
    wanted.cells[1].source = f"def größe(a):\n{new}"
    after = nbformat.read(file, as_version=4)
    nbformat.validate(after)
    assert [cell.source for cell in after.cells] == [cell.source for cell in wanted.cells]
    assert after.cells[1].outputs == wanted.cells[1].outputs
    changed = file.read_text(encoding="utf-8")
    start, end = before.index('    "def größe'), changed.index('    "def größe')
    assert before[:start] == changed[:end]
    assert before[before.index("return a - 1") + 13 :] == changed[changed.index("return a + 1") + 13 :]


async def test_an_old_text_that_is_not_unique_or_not_there_changes_nothing(file, call):
    before = file.read_bytes()
    twice = await call("edit", path="a.ipynb", old="a", new="b")
    assert not twice.ok and "times, in cell 2" in twice.text
    assert not (await call("edit", path="a.ipynb", old="nowhere\nat all", new="b")).ok
    assert file.read_bytes() == before


async def test_what_is_no_notebook_is_text(call, tmp_path):
    (tmp_path / "work" / "a.ipynb").write_text('{"cells": 1}\n')
    assert (await call("read", path="a.ipynb")).text == '1\t{"cells": 1}'
    assert (await call("edit", path="a.ipynb", old="1", new="2")).ok


@pytest.mark.parametrize("text", ["", "[]", "{", '{"cells": [1]}', '{"cells": [{}]}', '{"a"', "[" * 100_000])
def test_broken_ones_are_none(text):
    with pytest.raises(NoNotebook):
        cells_of(text)


@given(st.lists(st.text(max_size=30), min_size=1, max_size=4), st.text(max_size=30), st.data())
def test_whatever_is_written_is_read_again_and_valid(sources, new, data):
    made = v4.new_notebook()
    made.cells = [v4.new_code_cell(source) for source in sources]
    indent = data.draw(st.sampled_from([None, 0, 1, 4]))
    split = data.draw(st.booleans())
    plain = nbformat.v4.rwbase.split_lines(made) if split else made
    text = json.dumps(plain, indent=indent, ensure_ascii=data.draw(st.booleans()))
    assert [cell.source for cell in cells_of(text)] == sources
    old = data.draw(st.sampled_from(sources))
    changed = text
    for each in reversed(replacements("a.ipynb", text, old, new, everywhere=True)):
        changed = changed[: each.start] + each.new + changed[each.end :]
    wanted = [source.replace(old, new) if old else source for source in sources]
    assert [cell.source for cell in cells_of(changed)] == wanted
    nbformat.validate(nbformat.reads(changed, as_version=4))
