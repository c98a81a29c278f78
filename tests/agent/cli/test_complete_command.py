"""``seedsmith complete``: a place of a file, saved or not."""

from __future__ import annotations

import json

import pytest
from scripted_endpoint import text


@pytest.fixture
def told(environment, endpoint, place):
    environment |= {"SEEDSMITH_MODEL": "openai/x", "SEEDSMITH_BASE_URL": endpoint.base_url}
    environment["SEEDSMITH_API_KEY"] = "a-key-for-tests"
    (place / "repo/a.py").write_text("x = foo(\ny = 1\n")
    return endpoint


def test_a_place_of_a_file_and_of_what_is_not_saved(seedsmith, told):
    told.script(text("<COMPLETION>1)</COMPLETION>"), text("2"), text(""))
    done = seedsmith("complete", "a.py:1")
    assert (done.returncode, done.stdout) == (0, "1)\n"), done.stderr
    assert "x = foo(\n</before_cursor>" in told.requests[0].body["messages"][-1]["content"]
    unsaved = seedsmith("complete", "new.py:1:5", "--stdin", "--json", stdin="z = ")
    assert json.loads(unsaved.stdout)["text"] == "2"
    nothing = seedsmith("complete", "a.py:2:1")
    assert nothing.returncode == 1 and not nothing.stdout and "Nothing fits there." in nothing.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("a.py",), "FILE:LINE"),
        (("a.py:9",), "there is no line 9"),
        (("a.py:1:99",), "no column 99"),
        (("missing.py:1",), "missing.py can't be read"),
        ((".env:1", "--stdin"), "keys or passwords"),
        (("a.py:1", "--wire", "no"), "--wire"),
    ],
)
def test_what_is_wrong_is_told_and_no_model_is_asked(seedsmith, told, arguments, said):
    done = seedsmith("complete", *arguments)
    assert done.returncode == 2 and said in done.stderr and not told.requests


def test_bytes_that_are_no_text(seedsmith, told):
    done = seedsmith("complete", "a.py:1", "--stdin", stdin=b"\xff\xfe\x00")
    assert done.returncode == 2 and "not UTF-8" in done.stderr


def test_an_editor_alone_starts_the_server(seedsmith, told):
    assert "--debounce" in seedsmith("lsp", "--help").stdout
