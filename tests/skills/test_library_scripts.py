"""The programs that come with the built-in skills, run as their commands run them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from seedsmith.skills.skill import BUILT_IN

RENAME = BUILT_IN / "rename-symbol/scripts/rename.py"
MUTATE = BUILT_IN / "write-tests/scripts/mutate.py"
LOCATE = BUILT_IN / "fix-bug/scripts/locate.py"


@pytest.fixture
def script(tmp_path):
    """Runs a script in a folder of its own: its exit code and its output."""

    def run(program, *arguments):
        command = [sys.executable, str(program), *map(str, arguments)]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, encoding="utf-8")
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stdout

    return run


@pytest.fixture
def rename(script, tmp_path):
    """Renames ``old`` to ``new`` in a file of these bytes: the bytes afterwards, and the output."""

    def run(content, name="a.py", *options, old="old", new="new"):
        (tmp_path / name).write_bytes(content)
        _, said = script(RENAME, "replace", *options, "--", old, new, ".")
        return (tmp_path / name).read_bytes(), said

    return run


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"old = 1\nolder = old\nx.old(old=old)\n", b"new = 1\nolder = new\nx.new(new=new)\n"),
        (b"s = 'old'  # old\nold()\n", b"s = 'old'  # old\nnew()\n"),
        (b'"""old\nold"""\ndef old(): pass\n', b'"""old\nold"""\ndef new(): pass\n'),
        (b"a = old\r\nb = 'old'\r\nc = old", b"a = new\r\nb = 'old'\r\nc = new"),
        (b"\xef\xbb\xbfold = 1\n", b"\xef\xbb\xbfnew = 1\n"),
        (b"\x0cold = 1\n\x0cdef f():\n    return old\n", b"\x0cnew = 1\n\x0cdef f():\n    return new\n"),
        ("s = 'é\u2028ü\u0085'; old = 1\nold\n".encode(), "s = 'é\u2028ü\u0085'; new = 1\nnew\n".encode()),
        ("ünold = old\n".encode(), "ünold = new\n".encode()),
        (b"f'old {old} old'\n", b"f'old {new} old'\n"),
        (b"f'{{old}} {old!r:>{old}} {old:old}'\n", b"f'{{old}} {new!r:>{new}} {new:old}'\n"),
        (
            b'rf"{d["old"] if 0 else 1}" f"{old != 1}{old=}"\n',
            b'rf"{d["old"] if 0 else 1}" f"{new != 1}{new=}"\n',
        ),
        (b"F'''\n{f(old, 'old')[old:old]}\n'''\n", b"F'''\n{f(new, 'old')[new:new]}\n'''\n"),
        (b"f'{(lambda old: old)(1)}'; b'old'; u'old'\n", b"f'{(lambda new: new)(1)}'; b'old'; u'old'\n"),
    ],
)
def test_code_is_renamed_and_nothing_else(rename, before, after):
    if b'["old"]' in before and sys.version_info < (3, 12):
        pytest.skip("needs Python 3.12")
    assert rename(before)[0] == after


def test_text_is_renamed_where_that_is_asked_for(rename):
    assert rename(b"s = 'old'  # old\nold()\n", "a.py", "--text=true")[0] == b"s = 'new'  # new\nnew()\n"


@pytest.mark.parametrize("content", [b"def old(:\n  '''old\n", b"if 1:\n\told\n  old\n"])
def test_what_python_cannot_read_is_left_and_said(rename, content):
    after, said = rename(content)
    assert after == content and "a.py: not changed, Python can't read it" in said


def test_other_files_latin_ones_and_unusual_names(rename, tmp_path):
    (tmp_path / "latin.py").write_bytes(b"# \xe9 old\nold = 1\n")
    (tmp_path / "blob.bin").write_bytes(b"\0old")
    after, said = rename("old: 中文 old-fashioned bold\n".encode(), "说明.js")
    assert after == "new: 中文 new-fashioned bold\n".encode()
    assert "latin.py: not looked at, it is not UTF-8" in said and "blob" not in said


def test_a_file_keeps_its_mode_and_links_are_left(rename, tmp_path):
    (tmp_path / "a.py").write_text("")
    (tmp_path / "a.py").chmod(0o754)
    (tmp_path / "z.py").symlink_to("a.py")
    after, said = rename(b"old\n")
    assert after == b"new\n" and said == "a.py: 1\n1 replaced\n"
    assert (tmp_path / "a.py").stat().st_mode & 0o777 == 0o754 and (tmp_path / "z.py").is_symlink()


@pytest.mark.parametrize("new", ["class", "a b", "1a", "a-b", ""])
def test_a_name_that_is_none_is_refused(script, tmp_path, new):
    (tmp_path / "a.py").write_text("old\n")
    assert script(RENAME, "replace", "--", "old", new, ".")[0] == 2
    assert (tmp_path / "a.py").read_text() == "old\n"


def test_occurrences_are_listed_once_with_place_and_kind(script, tmp_path):
    (tmp_path / "a.py").write_text("x = f'{old}'  # old\n'old'\n")
    code, said = script(RENAME, "list", "--", "old", ".", "a.py")
    assert (code, said.splitlines()) == (
        0,
        [
            "a.py:1:8: code: x = f'{old}'  # old",
            "a.py:1:17: comment: x = f'{old}'  # old",
            "a.py:2:2: text: 'old'",
            "3 occurrences of old",
        ],
    )
    assert script(RENAME, "list", "--", "old", "gone.py") == (2, "There is no gone.py.\n")
    assert script(RENAME, "list", "--", "nowhere", ".") == (0, "0 occurrences of nowhere\n")


def test_a_dollar_belongs_to_names_in_javascript_alone(rename):
    before = b"old $old old$ x.old ${old}"
    assert rename(before, "a.ts")[0] == b"new $old old$ x.new ${new}"
    assert rename(before, "a.sh")[0] == b"new $new new$ x.new ${new}"


def test_folders_that_are_not_looked_in_are_named_where_they_hold_the_name(script, tmp_path):
    inner = {"build": "old()", "dist": "older()", "__pycache__": "old()", "web/dist": "old"}
    for folder, text in inner.items():
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.py").write_text(text)
    (tmp_path / "a.py").write_text("old()\n")
    os.mkfifo(tmp_path / "build/pipe")
    said = script(RENAME, "replace", "--", "old", "new", ".")[1].splitlines()
    hint = "not looked in, but it holds old; name it as a path if it is source"
    assert said == ["a.py: 1", f"build: {hint}", f"web/dist: {hint}", "1 replaced"]
    assert (tmp_path / "build/a.py").read_text() == "old()"
    assert script(RENAME, "list", "--", "old", ".")[1].startswith(f"build: {hint}\n")


CLAMP = """\
# clamps
def clamp(value, low, high):
    if value < low:
        return low
    if not value <= high:
        return high
    return value


class Other:
    def clamp(self):
        total = 0
        total += 1
        print(total)
        return True
"""
CHECK = "from clamp import clamp\nassert [clamp(n, 0, 9) for n in (-1, 0, 5, 9, 10)] == [0, 0, 5, 9, 9]\n"


@pytest.fixture
def clamp(tmp_path):
    (tmp_path / "check.py").write_text(CHECK)
    file = tmp_path / "clamp.py"
    file.write_bytes(CLAMP.replace("\n", "\r\n").encode())
    os.utime(file, (1_700_000_000, 1_700_000_000.5))
    return file


def test_breaks_that_tests_notice_and_those_they_do_not(script, clamp):
    before = clamp.read_bytes(), clamp.stat().st_mtime_ns
    code, said = script(MUTATE, "--function=clamp", "--", "clamp.py", sys.executable, "check.py")
    assert code == 1 and "not noticed: clamp.py:3: Lt → LtE" in said and "Other" not in said
    assert "5 of 7 breaks were noticed." in said, said
    assert before == (clamp.read_bytes(), clamp.stat().st_mtime_ns)
    assert not list(clamp.parent.glob("*.new")) and not (clamp.parent / "__pycache__").exists()


def test_a_link_stays_one_and_its_file_is_put_back(script, clamp):
    before = clamp.read_bytes()
    (clamp.parent / "source").mkdir()
    target = clamp.rename(clamp.parent / "source/clamp.py")
    clamp.symlink_to(target)
    code, said = script(MUTATE, "--function=clamp", "--", "clamp.py", sys.executable, "check.py")
    assert code == 1 and "not noticed: clamp.py:3: Lt → LtE" in said and "5 of 7" in said
    assert clamp.is_symlink() and target.read_bytes() == before


def test_a_method_and_the_breaks_of_its_statements(script, clamp):
    code, said = script(MUTATE, "--function=Other.clamp", "--", "clamp.py", sys.executable, "check.py")
    assert code == 1 and {"Add → Sub", "call left out", "returns None", "True → False"} <= {
        line.rpartition(": ")[2] for line in said.splitlines()
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--function=gone", "--", "clamp.py", "true"], "has no function gone"),
        (["--", "gone.py", "true"], "gone.py can't be read as Python"),
        (["--", "broken.py", "true"], "broken.py can't be read as Python"),
        (["--", "empty.py", "true"], "nothing in it to break"),
        (["--", "clamp.py", "false"], "The tests fail as they stand"),
        (["--", "clamp.py", "no-such-program"], "The test command can't be run"),
    ],
)
def test_where_nothing_can_be_tried(script, clamp, arguments, said):
    (clamp.parent / "broken.py").write_text("def f(:\n")
    (clamp.parent / "empty.py").write_text("# -*- coding: latin-1 -*-\n")
    code, output = script(MUTATE, *arguments)
    assert code == 2 and said in output


WAITS = """\
import os, time
if os.path.exists('once'):
    open('started', 'w').close()
    time.sleep(60)
open('once', 'w')
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_file_is_put_back_when_it_is_stopped(clamp, number):
    before = clamp.read_bytes(), clamp.stat().st_mtime_ns
    os.mkfifo(clamp.parent / "started")
    # The first run passes; the next tells that the file is broken now, and waits to be ended.
    (clamp.parent / "check.py").write_text(WAITS)
    command = [sys.executable, str(MUTATE), "--", "clamp.py", sys.executable, "check.py"]
    with subprocess.Popen(
        command, cwd=clamp.parent, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        (clamp.parent / "started").read_bytes()
        assert clamp.read_bytes() != before[0]
        process.send_signal(number)
        assert process.wait() != 0
    assert before == (clamp.read_bytes(), clamp.stat().st_mtime_ns)


PROGRAM = "def price(count):\n    if count > 10:\n        return count * 9\n    return count * 10\n"
TESTS = """\
import unittest
from shop import price
class Prices(unittest.TestCase):
    def test_few(self):
        self.assertEqual(price(2), 20)
    def test_many(self):
        self.assertEqual(price(20), 160)
"""


def test_the_lines_that_only_failing_tests_run(script, tmp_path):
    (tmp_path / "shop.py").write_text(PROGRAM)
    (tmp_path / "test_shop.py").write_text(TESTS)
    code, said = script(LOCATE, "--", f"{sys.executable} -m unittest -q")
    assert code == 0 and "watched 2 tests, 1 of them fail" in said and "180 != 160" in said
    ranked = said.partition("the most suspicious first:\n")[2].splitlines()
    assert "  1.00  shop.py:3: return count * 9" in ranked and not any("test_shop" in line for line in ranked)
    assert not any("1.00" in line for line in ranked if ":4:" in line or ":2:" in line)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("true", "Exit code 0; watched 0 tests"),
        ("exit 3", "Exit code 3"),
        ("no-such-program", "Exit code 127"),
    ],
)
def test_where_no_test_can_be_watched(script, command, said):
    code, output = script(LOCATE, "--", command)
    assert code == 1 and said in output and "Nothing to compare" in output
