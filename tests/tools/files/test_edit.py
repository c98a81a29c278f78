"""What edit does with what it finds, and what it says when it doesn't."""

from __future__ import annotations

import shutil

import pytest
from examples import ALL

from seedsmith.sandbox.errors import SandboxError
from seedsmith.tools.base import ToolError

LADDER = [
    # File, old, new, file afterwards, rung.
    ("a\nb\nc\n", "b", "B", "a\nB\nc\n", "exact"),
    ("a\r\nb\r\nc", "b", "x\ny", "a\r\nx\r\ny\r\nc", "exact"),
    ("a\r\nb\r\nc", "a\nb", "a\nz\nb", "a\r\nz\r\nb\r\nc", "line ends"),
    ("a\nb\n", "a\r\nb\r\n", "a\r\nc\r\n", "a\nc\n", "line ends"),
    ("a\rb\rc\r", "a\nb\n", "a\nB\n", "a\rB\rc\r", "line ends"),
    ("a\r\nb\nc\n", "a\nb\nc\n", "a\nB\nc\n", "a\r\nB\nc\n", "line ends"),
    ("a\r\nb\nc\n", "a\nb\nc\n", "a\nB\n+\nc\n", "a\r\nB\n+\nc\n", "line ends"),
    ("one\ntwo", "two\n", "three\n", "one\nthree", "line ends"),
    ("a  \r\nb\nc", "a\nb\n", "a\nz\n", "a  \r\nz\nc", "trailing white space"),
    ("f(  \n\n  x)\n", "f(\n\n  x)", "f(\n  y)", "f(  \n  y)\n", "trailing white space"),
    ("if a:\n    b\n", "if a:  \n    b", "if a:\n    c", "if a:\n    c\n", "trailing white space"),
    (
        "class A:\n    def f(self):\n        return 1\n",
        "def f(self):\n    return 1\n",
        "def f(self):\n    if x:\n        return 2\n",
        "class A:\n    def f(self):\n        if x:\n            return 2\n",
        "indentation",
    ),
    (
        "def f():\n\tif x:\n\t\treturn 1\n",
        "    if x:\n        return 1\n",
        "    if x:\n        return 2\n    else:\n        return 3\n",
        "def f():\n\tif x:\n\t\treturn 2\n\telse:\n\t\treturn 3\n",
        "indentation",
    ),
    (
        "\tfoo()\n\tbar()\n",
        "foo()\nbar()",
        "if x:\n    foo()\nbar()",
        "\tif x:\n\t\tfoo()\n\tbar()\n",
        "indentation",
    ),
    (
        "if a:\n  b\n  if c:\n    d\n",
        "if a:\n    b\n    if c:\n        d\n",
        "if a:\n    b\n    if c:\n        d\n        if e:\n            f\n",
        "if a:\n  b\n  if c:\n    d\n    if e:\n      f\n",
        "indentation",
    ),
    ("a\n  b\n\n  c", "b\n\nc\n", "b\n\nd\n", "a\n  b\n\n  d", "indentation"),
    ("x = '中'\r\n", "x = '中'", "x = '文'\ny = 1", "x = '文'\r\ny = 1\r\n", "exact"),
]


@pytest.mark.parametrize(("before", "old", "new", "after", "rung"), LADDER)
async def test_each_rung_finds_the_place_and_writes_in_its_style(bench, before, old, new, after, rung):
    bench.put("file.txt", before)
    result = await bench.call("edit", path="file.txt", old=old, new=new)
    assert bench.bytes("file.txt").decode() == after
    assert result.data["rung"] == rung
    assert (rung == "exact") == ("differed in" not in result.text)


NEVER = [
    # File, old: none of these may be taken for a match.
    ("aaa", "aa"),  # overlapping matches are two
    ("  a\n\ta\n", "\ta\n  a\n"),
    ("if a:\n    b\n  c\n", "if a:\n  b\n    c\n"),  # not uniformly indented
    ("x\n  a\n  b\ny\n    a\n    b\n", "a\nb"),  # twice, on the indentation rung
    ("a = 1  \na = 1\t\n", "a = 1 \n"),  # twice, on the trailing rung
    ("foo(bar)\n", "foo( bar)"),
    ("def f():\n    return 1\n", "def f():\n    return 2\n"),
    ("a\n\nb\n", "a\nb\n"),
    ("a\r\n", "\ra"),
]


@pytest.mark.parametrize(("before", "old"), NEVER)
async def test_a_doubtful_match_is_never_applied(bench, before, old):
    bench.put("file.txt", before)
    with pytest.raises(ToolError):
        await bench.call("edit", path="file.txt", old=old, new="changed")
    assert bench.bytes("file.txt") == before.encode()


async def test_replace_all_takes_every_match_of_the_first_rung(bench):
    bench.put("file.txt", "aXbX\r\nX")
    result = await bench.call("edit", path="file.txt", old="X", new="1\n2", replace_all=True)
    assert bench.bytes("file.txt") == b"a1\r\n2b1\r\n2\r\n1\r\n2"
    assert result.data["edits"] == 3


async def test_several_edits_are_found_in_the_original_and_applied_together(bench):
    bench.put("file.txt", "one\ntwo\nthree\n")
    edits = [{"old": "three", "new": "one"}, {"old": "one", "new": "three"}]
    await bench.call("edit", path="file.txt", edits=edits)
    assert bench.bytes("file.txt") == b"three\ntwo\none\n"


async def test_a_miss_shows_the_nearest_region_with_its_white_space(bench):
    bench.put("file.py", "import os\n\n\ndef total(items):\n\tresult = 0\n\treturn result\n")
    with pytest.raises(ToolError) as refusal:
        old = "def total(items):\n    result = 0\n    return results\n"
        await bench.call("edit", path="file.py", old=old, new="pass")
    lines = str(refusal.value).splitlines()
    assert lines[0].startswith(
        "'old' was not found in file.py; nothing was changed. The nearest text is lines 4-6"
    )
    assert lines[1].split(maxsplit=1) == ["4", "def total(items):"]
    assert "- 5 →result = 0" in lines and "- 6 →return result" in lines
    assert "+ old ····return results" in lines


async def test_a_miss_in_a_large_file_is_answered_in_bounded_work(bench):
    lines = (f"line number {n} of many\n" for n in range(200_000 if ALL else 30_000))
    bench.put("big.txt", "".join(lines) + "needle = 1\n")
    with pytest.raises(ToolError, match="was not found"):
        await bench.call("edit", path="big.txt", old="needless = 2\nother\n", new="x")


async def test_an_edit_made_before_is_recognised(bench):
    bench.put("file.py", "def f():\n    return compute(2)\n")
    with pytest.raises(ToolError, match="is there already, at line 2"):
        await bench.call("edit", path="file.py", old="    return compute(1)\n", new="    return compute(2)\n")


async def test_a_file_changed_since_it_was_read_is_edited_where_the_text_still_fits(bench):
    file = bench.put("file.txt", "one\n")
    await bench.call("read", path="file.txt")
    file.write_text("one\ntwo\n")
    told = await bench.call("edit", path="file.txt", old="one", new="1")
    assert "edited file.txt at 1 place; the file had changed since you last saw it\n" in told.text
    # What else changed was still not seen, so that nothing may overwrite it whole.
    with pytest.raises(ToolError, match="has changed since you last saw it: read it again"):
        await bench.call("write", path="file.txt", content="x")
    await bench.call("read", path="file.txt")
    told = await bench.call("edit", path="file.txt", old="two", new="2")
    assert "had changed" not in told.text
    assert bench.bytes("file.txt") == b"1\n2\n"


async def test_in_a_file_changed_since_it_was_read_only_what_fits_exactly_and_once_is_edited(bench):
    file = bench.put("file.py", "if a:\n    b()\n")
    await bench.call("read", path="file.py")
    file.write_text("if a:\n  b()\nb()\n")
    with pytest.raises(ToolError, match=r"file.py has changed since you last saw it.\n'old' was not found"):
        await bench.call("edit", path="file.py", old="if a:\n    b()\n", new="if b:\n    b()\n")
    with pytest.raises(ToolError, match=r"has changed since you last saw it.\n'old' is in file.py 2 times"):
        await bench.call("edit", path="file.py", old="b()", new="c()")
    assert bench.bytes("file.py") == b"if a:\n  b()\nb()\n"


async def test_all_missing_edits_are_told_at_once_with_the_end_on_a_line_of_its_own(bench):
    bench.put("file.txt", "one\ntwo\n")
    edits = [{"old": "one", "new": "1"}, {"old": "tree", "new": "3"}, {"old": "fore", "new": "4"}]
    with pytest.raises(ToolError) as refusal:
        await bench.call("edit", path="file.txt", edits=edits)
    told = str(refusal.value)
    assert "edit 2 of 3: 'old' was not found" in told
    assert "\nedit 3 of 3: 'old' was not found" in told
    assert told.endswith("\nNone of the edits was applied.")


async def test_a_file_changed_while_the_edit_is_checked_is_not_overwritten(bench):
    file = bench.put("file.json", "[1]")
    file.write_text("[2]")
    with pytest.raises(SandboxError):
        bench.context.workspace.write_bytes("file.json", b"[3]", expected=b"[1]")
    assert file.read_text() == "[2]"


async def test_an_empty_old_creates_a_file(bench):
    result = await bench.call("edit", path="new/file.txt", old="", new="hello\n")
    assert bench.bytes("new/file.txt") == b"hello\n"
    assert result.data["diff"].startswith("--- /dev/null\n+++ b/new/file.txt\n@@ -0,0 +1 @@\n+hello\n")


PLACEHOLDERS = [
    "# ... existing code ...",
    "    # rest of the method",
    "// unchanged",
    "…",
    "/* ... */",
    "<!-- rest of the file -->",
    "... rest of file unchanged ...",
    "# 其余代码不变",
    "// ...现有代码...",
    "// Other methods remain the same",
]
GENUINE = [
    "    ...",
    "x = [...]",
    "  ...rest,",
    "  ...existing",
    "# existing users keep their key",
    "# wait for the rest...",
    "# loading...",
    "def f(*args): ...",
    "# the rest of the arguments are ignored",
]


@pytest.mark.parametrize("line", PLACEHOLDERS)
async def test_an_omission_is_refused_unless_it_was_in_the_file(bench, line):
    bench.put("file.txt", "begin\nend\n")
    with pytest.raises(ToolError, match="placeholder"):
        await bench.call("edit", path="file.txt", old="begin\n", new=f"start\n{line}\n")
    bench.put("file.txt", f"begin\n{line}\nend\n")
    await bench.call("edit", path="file.txt", old=f"begin\n{line}\n", new=f"start\n{line}\n")


@pytest.mark.parametrize("line", GENUINE)
async def test_genuine_code_is_no_omission(bench, line):
    bench.put("file.txt", "begin\nend\n")
    await bench.call("edit", path="file.txt", old="begin\n", new=f"start\n{line}\n")
    assert bench.bytes("file.txt") == f"start\n{line}\nend\n".encode()


async def test_invisible_characters_can_be_quoted_as_read_shows_them(bench):
    bench.put("file.txt", "a\x0cb\u200bc\n")
    shown = (await bench.call("read", path="file.txt")).text
    assert shown.startswith(r"1" + "\t" + r"a\u{C}b\u{200B}c")
    told = await bench.call("edit", path="file.txt", old=r"a\u{C}b\u{200B}c", new=r"A\u{C}b\u{200B}c")
    assert "was read as the hidden character shown so, and stays one in 'new'" in told.text
    assert bench.bytes("file.txt") == "A\x0cb\u200bc\n".encode()


@pytest.mark.parametrize(
    ("content", "old", "words"),
    [
        (r"print('a\nb')", "print('a\nb')", r"Line 1 has the letters \n where 'old' has a real line end."),
        ("x\ny = 'a\tb'", r"y = 'a\tb'", r"Line 2 has a real tab where 'old' has the letters \t."),
        (
            r"s.split('\0')",
            "s.split('\0')",
            r"Line 1 has the letters \0 where 'old' has a real NUL character.",
        ),
        (r"re.sub(r'\bx')", "re.sub(r'\bx')", r"where 'old' has a real control character U+0008."),
        ("name = 1", "na\0me = 1", "'old' holds control characters that the file does not: U+0000."),
    ],
)
async def test_a_miss_by_control_characters_names_them(bench, content, old, words):
    bench.put("file.txt", content + "\n")
    with pytest.raises(ToolError) as refusal:
        await bench.call("edit", path="file.txt", old=old, new="z")
    assert words in str(refusal.value)


async def test_letters_that_only_the_new_text_has_stay_letters(bench):
    bench.put("file.js", "s = 'a\u200b'\n")
    await bench.call("edit", path="file.js", old=r"'a\u{200B}'", new=r"'a\u{200B}' + '\u{1B}'")
    assert bench.bytes("file.js") == "s = 'a\u200b' + '\\u{1B}'\n".encode()
    # A hidden character given as itself can be replaced by its letters.
    told = await bench.call("edit", path="file.js", old="'a\u200b'", new=r"'a\u{200B}'")
    assert "hidden character" not in told.text
    assert bench.bytes("file.js") == rb"s = 'a\u{200B}' + '\u{1B}'" + b"\n"


async def test_a_hidden_character_is_told_from_the_letters_that_show_it(bench):
    bench.put("file.txt", "plain \\u{1B}\nraw \x1b\n")
    shown = (await bench.call("read", path="file.txt")).text
    assert shown == (
        "1\tplain \\u{1B}\n2\traw \\u{1B}\n"
        r"[each \u{…} or \x{…} in line 2 may be one hidden character, not these letters]"
    )


BROKEN = [
    ("file.py", "x = [1]\n", "[1]", "[1", "line 1: '[' was never closed"),
    ("file.json", '{"a": 1}', "1}", "1,}", "line 1:"),
    ("file.toml", "a = 1\n", "1", "!", "line 1"),
    ("file.yaml", "a: [1]\n", "[1]", "[1", "line 2"),
    ("file.sh", "if true; then echo; fi\n", "fi", "", "syntax error"),
]


@pytest.mark.parametrize(("name", "before", "old", "new", "fault"), BROKEN)
async def test_breaking_a_file_that_parsed_is_told_and_stands(bench, name, before, old, new, fault):
    file = bench.put(name, before)
    result = await bench.call("edit", path=name, old=old, new=new)
    assert result.ok and "Warning: the file no longer parses: " in result.text
    assert fault in result.data["syntax"]
    assert file.read_text() == before.replace(old, new)
    again = await bench.call("edit", path=name, old=new or "true", new=f"{new or 'true'} ")
    assert again.data["syntax"] is None, "it did not parse before either"


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
async def test_javascript_is_checked_by_node_modules_too(bench):
    bench.put("file.js", 'import x from "y";\nexport default function f() {}\n')
    fine = await bench.call("edit", path="file.js", old="f()", new="g()")
    assert fine.data["syntax"] is None
    broken = await bench.call("edit", path="file.js", old="g()", new="g(")
    assert broken.data["syntax"].startswith("line 3: SyntaxError")


async def test_the_diff_has_the_files_line_numbers(bench):
    bench.put("file.txt", "".join(f"{n}\n" for n in range(1, 101)))
    edits = [{"old": "10\n11\n", "new": "ten\n"}, {"old": "\n50\n", "new": "\nfifty\nmore\n"}]
    result = await bench.call("edit", path="file.txt", edits=edits)
    assert result.data["diff"] == (
        "--- a/file.txt\n+++ b/file.txt\n"
        "@@ -8,6 +8,5 @@\n 8\n 9\n-10\n-11\n+ten\n 12\n 13\n"
        "@@ -48,5 +47,6 @@\n 48\n 49\n-50\n+fifty\n+more\n 51\n 52\n"
    )


async def test_parameters_left_empty_say_nothing(bench):
    bench.put("file.txt", "one two\n")
    await bench.call("edit", path="file.txt", old="one", new="1", edits=[])
    await bench.call("edit", path="file.txt", old="", new="", edits=[{"old": "two", "new": "2"}])
    assert bench.bytes("file.txt") == b"1 2\n"


async def test_a_line_end_in_a_file_without_any_is_not_found(bench):
    """The end of the file used to be looked at again and again, without an end."""
    bench.put("a.txt", "ab")
    with pytest.raises(ToolError, match="'old' was not found"):
        await bench.call("edit", path="a.txt", old="\n", new="x")


async def test_a_blank_line_behind_the_last_line_end_is_none(bench):
    bench.put("a.txt", "a\nb\nc\n")
    with pytest.raises(ToolError, match="was not found"):
        await bench.call("edit", path="a.txt", old="c\n\n", new="c\nd\n")
    assert bench.bytes("a.txt") == b"a\nb\nc\n"


async def test_the_one_line_of_many_that_differs_is_shown(bench):
    lines = [f"line {number} of the file" for number in range(400)]
    bench.put("a.txt", "\n".join(lines))
    with pytest.raises(ToolError) as refusal:
        await bench.call("edit", path="a.txt", old="\n".join([*lines[10:310], "another line"]), new="x")
    assert "- 311 line 310 of the file" in str(refusal.value)
    assert "+ old another line" in str(refusal.value)
    assert len(str(refusal.value).splitlines()) < 10


@pytest.mark.slow
async def test_two_hundred_thousand_places_cost_what_one_costs_and_little_is_shown(bench):
    line = b"many words in a line\n"
    bench.put("a.txt", line * 200_000)
    result = await bench.call("edit", path="a.txt", old="words", new="WORDS", replace_all=True)
    assert result.ok and bench.bytes("a.txt") == line.replace(b"words", b"WORDS") * 200_000
    assert len(result.data["diff"]) < 200_000 and "more changed places not shown" in result.data["diff"]


async def test_a_byte_order_mark_in_the_old_text_means_the_beginning_of_the_file(bench):
    bench.put("file.txt", b"\xef\xbb\xbfone\ntwo\n")
    await bench.call("edit", path="file.txt", old="\ufeffone\n", new="\ufeff1\n")
    await bench.call("edit", path="file.txt", old="\ufeff1\ntwo", new="uno\ndue")
    assert bench.bytes("file.txt") == b"\xef\xbb\xbfuno\ndue\n"
