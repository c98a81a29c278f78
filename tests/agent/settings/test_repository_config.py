"""A repository's own configuration: harmless keys only, all else refused by name, nothing stops a run."""

from __future__ import annotations

import os

import pytest

from seedsmith.agent.settings.config import MOST_NOTICES, load
from seedsmith.agent.settings.settings import Settings


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "repository"
    (folder / ".seedsmith").mkdir(parents=True)
    return folder


def load_in(repository):
    return load({"workspace": str(repository)}, {"XDG_CONFIG_HOME": str(repository.parent / "none")})


def load_text(repository, content):
    data = content if isinstance(content, bytes) else content.encode()
    (repository / ".seedsmith/config.yaml").write_bytes(data)
    return load_in(repository)


@pytest.mark.parametrize(
    ("text", "set_to"),
    [
        ("verify: make check\n", {"verify": "make check"}),
        (
            "ignore: [vendor/, '*.min.js', docs/generated]\n",
            {"ignore": ["vendor/", "*.min.js", "docs/generated"]},
        ),
        ("ignore: vendor/\n", {"ignore": ["vendor/"]}),
        ("ignore:\n  - a b/**/c?\n  - /build\n", {"ignore": ["a b/**/c?", "/build"]}),
        ("\ufeffverify: 'off'\r\n", {"verify": "off"}),
        ("verify: ~\n", {}),
        ("# nothing\n", {}),
        ("", {}),
    ],
)
def test_harmless_keys_are_taken(repository, text, set_to):
    loaded = load_text(repository, text)
    assert (
        loaded.settings.model_dump() == Settings(workspace=repository, **set_to).model_dump()
        and loaded.notices == ()
    )


BAD = [
    # What the file holds, and words of the one notice; nothing is set by it.
    ("base_url: http://127.0.0.1/\n", "line 1: 'base_url' is ignored: a repository may not set it."),
    ("a: 1\napi_key: k-very-secret\n", "line 2: 'api_key' is ignored: a repository may not set it."),
    ("sandbox: 'off'\n", "'sandbox' is ignored: a repository may not set it."),
    ("network: 'on'\n", "'network' is ignored"),
    ("approve: auto\n", "'approve' is ignored"),
    ("home: .\n", "'home' is ignored"),
    ("workspace: /\n", "'workspace' is ignored"),
    ("hooks: {pre: rm -rf .}\n", "'hooks' is ignored: a repository may not set it."),
    ("verfy: make\n", "unknown key 'verfy' is ignored (did you mean 'verify'?)."),
    (f"{'k' * 900}: 1\n", f"unknown key '{'k' * 60}…' is ignored."),
    ("verify: [a, b]\n", "'verify' is ignored: it must be text."),
    ("verify: {a: b}\n", "'verify' is ignored: it must be text."),
    ("verify: ''\n", "'verify' is ignored: it is empty."),
    ('verify: "a\\0b"\n', "'verify' is ignored: it holds a NUL character"),
    ('verify: "\\uD800"\n', "'verify' is ignored"),
    (
        "verify: !!python/object/apply:os.system [touch x]\n",
        "'verify' is ignored: it must be text.",
    ),
    ("ignore: {a: b}\n", "'ignore' is ignored: it must be a list."),
    ("ignore: [[a]]\n", "'ignore' is ignored: it must be text."),
    ("ignore: [../other]\n", "it holds '../other': give paths in the workspace"),
    ("ignore: ['']\n", "it holds ''"),
    ("ignore: ['[a']\n", "it holds '[a'"),
    ("ignore: ['!kept']\n", "it holds '!kept'"),
    (f"ignore: [{'a,' * 200}]\n", "it holds more than 100 paths"),
    ("- verify\n", "must hold 'key: value' lines"),
    ("verify\n", "must hold 'key: value' lines"),
    ("verify: a\nverify: b\n", "line 2: repeated key"),
    ("? [a]\n: b\n", "unusable key"),
    ("verify: a\n--- \nverify: b\n", "line 2: not valid YAML"),
    ("verify: [\n", "not valid YAML"),
    ("\tverify: a\n", "not valid YAML"),
    ("a: &x [1]\nverify: *x\n", "aliases (*name) are not allowed"),
    ("a: &a [x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: [*c,*c]\n", "aliases (*name) are not allowed"),
    (f"a: b\nverify: {'[' * 60_000}\n", "line 2: nested too deeply"),
    (f"verify: {'- ' * 30_000}\n", "not valid YAML"),
    (f"verify:\n  {'- ' * 30_000}\n", "line 2: nested too deeply"),
    ("ignore: [[[[[[a]]]]]]\n", "nested too deeply"),
    ('verify: "\\UFFFFFFFF"\n', "not valid YAML"),
    (f"%YAML {'1' * 5000}.1\n---\nverify: a\n", "not valid YAML"),
    ("verify: a\0b\n", "not valid YAML"),
    (b"verify: caf\xe9\n", "is not UTF-8 text"),
    ("verify: make\n".encode("utf-16"), "is not UTF-8 text"),
    (b"\x7fELF\x02\x01\x01\0", "is ignored"),
    ("#" * (65 << 10), "more than the 65,536 allowed"),
]


@pytest.mark.parametrize(("content", "says"), BAD)
def test_a_bad_file_is_one_sentence_and_stops_nothing(repository, content, says):
    loaded = load_text(repository, content)
    assert loaded.settings.model_dump() == Settings(workspace=repository).model_dump()
    notice = loaded.notices[-1]
    assert says in notice and ".seedsmith/config.yaml" in notice and notice.endswith(".")
    assert "k-very-secret" not in "".join(loaded.notices) and "\n" not in notice
    assert len(loaded.notices) == (2 if content == BAD[1][0] else 1)


def test_a_good_key_beside_a_bad_one_holds(repository):
    loaded = load_text(repository, "sandbox: 'off'\nverify: make test\nignore: 7\n")
    assert (
        loaded.settings.model_dump()
        == Settings(workspace=repository, verify="make test", ignore=["7"]).model_dump()
    )
    assert len(loaded.notices) == 1


def test_so_many_bad_keys_are_named_and_the_rest_counted(repository):
    loaded = load_text(repository, "".join(f"key{number}: x\n" for number in range(500)))
    assert len(loaded.notices) == MOST_NOTICES + 1
    assert loaded.notices[-1] == f".seedsmith/config.yaml: {500 - MOST_NOTICES} more keys are ignored."


IN_ITS_PLACE = [
    (lambda path, outside: path.mkdir(), "a folder, not a regular file"),
    (lambda path, outside: os.mkfifo(path), "a named pipe, not a regular file"),
    (lambda path, outside: path.symlink_to(outside), "leads out of the workspace"),
    (lambda path, outside: path.symlink_to("../../outside.yaml"), "leads out of the workspace"),
    (lambda path, outside: path.symlink_to("config.yaml"), "circle"),
]


@pytest.mark.parametrize(("make", "says"), IN_ITS_PLACE)
def test_what_is_no_file_of_the_repository_is_refused(repository, make, says):
    outside = repository.parent / "outside.yaml"
    outside.write_text("verify: from-outside\n")
    make(repository / ".seedsmith/config.yaml", outside)
    loaded = load_in(repository)
    assert loaded.settings.model_dump() == Settings(workspace=repository).model_dump()
    (notice,) = loaded.notices
    assert says in notice


def test_a_folder_that_leads_out_is_refused(repository):
    outside = repository.parent / "outside"
    outside.mkdir()
    (outside / "config.yaml").write_text("verify: from-outside\n")
    (repository / ".seedsmith").rmdir()
    (repository / ".seedsmith").symlink_to(outside)
    loaded = load_in(repository)
    assert loaded.settings.verify is None and "leads out" in loaded.notices[0]


def test_a_link_inside_the_repository_is_followed(repository):
    (repository / "shared.yaml").write_text("verify: make\n")
    (repository / ".seedsmith/config.yaml").symlink_to("../shared.yaml")
    assert load_in(repository).settings.verify == "make"


def test_no_file_no_folder_and_no_workspace_are_no_trouble(repository):
    assert load_in(repository).notices == ()
    (repository / ".seedsmith").rmdir()
    assert load_in(repository).notices == ()
    assert load_in(repository / "missing").notices == ()
