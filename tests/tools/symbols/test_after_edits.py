"""What the model is told of its edits, by real servers."""

from __future__ import annotations

ADD = "def add(a: int, b: int) -> int:\n    return a + b\n"


async def test_only_what_is_new_is_told_with_its_place(symbols):
    symbols.put("pyproject.toml", "[tool.ty]\n")
    symbols.put("a.py", ADD + 'old: int = "wrong already"\n')
    symbols.open()
    said = await symbols.told(
        ("a.py", "# a line above\n" + ADD + 'old: int = "wrong already"\nadd("x", 2)\n')
    )
    head, line = said.splitlines()
    assert head == "[ty: 1 new problem after this change to a.py]"
    assert line.startswith("a.py:5:5: ") and "(invalid-argument-type)" in line


async def test_nothing_is_said_of_a_clean_edit(symbols):
    symbols.put("pyproject.toml", "[tool.ty]\n")
    symbols.put("a.py", ADD)
    symbols.open()
    assert await symbols.told(("a.py", ADD + "add(1, 2)\n")) == ""


async def test_a_caller_that_was_seen_is_looked_at_too(symbols):
    symbols.put("pyproject.toml", "[tool.ty]\n")
    symbols.put("a.py", ADD)
    symbols.put("b.py", "from a import add\n\nadd(1, 2)\n")
    symbols.open()
    assert await symbols.told(("b.py", "from a import add\n\nadd(1, 3)\n")) == ""
    said = await symbols.told(("a.py", ADD.replace("b: int", "b: str").replace("a + b", "a")))
    assert "b.py:3:8: " in said


async def test_a_file_that_came_and_went(symbols):
    symbols.put("pyproject.toml", "[tool.ty]\n")
    symbols.put("b.py", "x = 1\n")
    symbols.open()
    assert await symbols.told(("a.py", ADD)) == ""
    assert await symbols.told(("b.py", "from a import add\n")) == ""
    said = await symbols.told(("a.py", None))
    assert "b.py:1:" in said and "Cannot resolve" in said


async def test_a_linter_and_a_type_checker_each_say_theirs(symbols):
    symbols.put("pyproject.toml", "[tool.ty]\n[tool.ruff]\n[tool.ruff.lint]\nselect = ['F', 'E7']\n")
    symbols.put("a.py", "x = 1\n")
    symbols.open()
    said = await symbols.told(("a.py", "import os\nx = 1\ny: int = ''\nz = x == None\n"))
    assert "[ruff: 1 new problem" in said and "(E711)" in said
    assert "[ty: 1 new problem" in said and "a.py:3:" in said


async def test_what_commands_changed_is_known(symbols):
    symbols.put("pyproject.toml", "[tool.ty]\n")
    symbols.put("a.py", ADD)
    symbols.put("b.py", "from a import add\n\nadd(1, 2)\n")
    symbols.open()
    assert await symbols.told(("b.py", "from a import add\n\nadd(1, 3)\n")) == ""
    symbols.servers.others_change()
    symbols.put("a.py", ADD + "def twice(a: int) -> int:\n    return add(a, a)\n")
    said = await symbols.told(("b.py", 'from a import twice\n\ntwice(1)\ntwice("1")\n'))
    assert [line[:7] for line in said.splitlines()[1:]] == ["b.py:4:"]


async def test_no_server_is_started_by_what_it_does_not_serve(symbols):
    symbols.put("pyproject.toml", "[tool.ty]\n")
    symbols.open()
    assert await symbols.told(("notes.md", "x"), ("../outside.py", "x = ")) == ""
    assert not symbols.context.background.companions
