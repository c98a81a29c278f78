"""A name is accepted the way it is shown, whatever bytes are in it."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedsmith.sandbox.errors import ProtectedPath
from seedsmith.tools.text import path_as_shown, shown_path

NAMES = [
    b"caf\xe9.txt",
    b"\xff\xfe",
    "a\u202eb\u200b.txt".encode(),
    b"new\nline\tand tab.txt",
    b"\x1b[2J.txt",
]


@pytest.mark.parametrize("name", NAMES)
async def test_what_a_search_names_every_tool_takes(bench, name):
    (bench.root / "sub").mkdir()
    file = os.fsencode(bench.root / "sub") + b"/" + name
    with open(file, "wb") as out:
        out.write(b"needle\n")
    shown = (await bench.call("glob", pattern="*")).text
    assert shown == f"sub/{shown_path(os.fsdecode(name))}" and shown.isprintable()
    assert (await bench.call("grep", pattern="needle")).text.startswith(shown + "\n")
    assert "needle" in (await bench.call("read", path=shown)).text
    assert "needle" in (await bench.call("grep", pattern="needle", path=shown)).text
    await bench.call("edit", path=shown, old="needle", new="pin")
    await bench.call("write", path=shown, content="thread\n")
    with open(file, "rb") as found:
        assert found.read() == b"thread\n"
    assert os.listdir(os.fsencode(bench.root / "sub")) == [name]


async def test_git_takes_it_too(git_bench):
    git_bench.save("first", a="1\n")
    with open(os.fsencode(git_bench.root) + b"/caf\xe9.txt", "wb") as out:
        out.write(b"1\n")
    assert r"caf\x{E9}.txt" in (await git_bench.call("status")).text
    await git_bench.call("add", paths=[r"caf\x{E9}.txt"])
    assert git_bench.git("diff", "--cached", "--name-only") == r'"caf\351.txt"'


@pytest.mark.parametrize(
    "text", [r"a\x{41}", r"\x{7F}", r"\u{41}", r"\u{0}", r"\u{D800}", r"\u{FFFFFFF}", "\\", r"\x{E"]
)
def test_what_is_never_shown_stays_as_it_is(text):
    assert path_as_shown(text) == text


async def test_it_leads_to_nothing_protected(bench):
    bench.put(".git/config", "[core]\n")
    with pytest.raises(ProtectedPath):
        await bench.call("write", path=r".g\u{200B}it/config", content="x")


@given(
    st.lists(st.sampled_from(["\\u{2E}", "\\x{2F}", "\\u{", "2", "E", "}", "/", ".", "\\u{A}"]), max_size=12)
)
def test_it_makes_no_dot_and_no_slash(parts):
    text = "".join(parts)
    made = path_as_shown(text)
    assert [made.count(each) for each in "./"] == [text.count(each) for each in "./"]


@given(st.binary(min_size=1, max_size=40))
def test_it_undoes_what_is_shown(name):
    text = os.fsdecode(name.replace(b"\\", b"").replace(b"\0", b""))
    assert path_as_shown(shown_path(text)) == text
