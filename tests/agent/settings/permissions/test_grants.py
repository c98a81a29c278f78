"""What a yes is kept as, and what it then covers."""

from __future__ import annotations

import json

import pytest

from seedsmith.agent.errors import ConfigurationError
from seedsmith.agent.settings.permissions.call import RuledCall
from seedsmith.agent.settings.permissions.grants import Grant, KeptGrants, grants_for

NONE: frozenset[str] = frozenset()


def shell(command):
    return RuledCall("shell", command=command)


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("git push origin main", ["shell: git push origin main", "shell(git push origin *)"]),
        ("git push -f", ["shell: git push -f", "shell(git push *)"]),
        ("cargo test -q", ["shell: cargo test -q", "shell(cargo test *)"]),
        ("npm run build -- --x", ["shell: npm run build -- --x"]),
        ("git push && ls", ["shell: git push && ls"]),
        ("git push > x", ["shell: git push > x"]),
        ("git push $X", ["shell: git push $X"]),
        ("git push $(x)", ["shell: git push $(x)"]),
        ("X=1 git push", ["shell: X=1 git push"]),
        ("timeout 5 git push", ["shell: timeout 5 git push"]),
        ("bash -c ls", ["shell: bash -c ls"]),
        ("rm build", ["shell: rm build"]),
        ("ls -l", ["shell: ls -l"]),
        ("pytest", ["shell: pytest"]),
        ("git 'push x' y", ["shell: git 'push x' y"]),
    ],
)
def test_a_yes_is_kept_as_the_call_or_as_a_narrow_beginning(command, told):
    assert [grant.description for grant in grants_for(shell(command), NONE)] == told


@pytest.mark.parametrize(
    ("command", "covered"),
    [
        ("git push", True),
        ("git push --force x", True),
        ("git  'push' x", True),
        ("git pushes", False),
        ("git pull", False),
        ("git push; ls", False),
        ("git push $(ls)", False),
        ("git push > x", False),
        ("X=1 git push", False),
        ("sudo git push", False),
        ("./git push", False),
        ("git push (", False),
    ],
)
def test_a_beginning_covers_one_command_alone(command, covered):
    assert Grant("prefix", "shell", "git push").covers(shell(command), NONE) is covered


def test_an_exact_yes_covers_that_call_alone():
    (grant, *_) = grants_for(shell("a; b"), NONE)
    assert grant.covers(shell("a; b"), NONE)
    assert not grant.covers(shell("a; b;"), NONE)
    assert not grant.covers(RuledCall("mcp", arguments="a; b"), NONE)


def test_a_yes_to_files_covers_no_others():
    call = RuledCall("edit", writes=frozenset({".envrc", "a"}))
    (grant,) = grants_for(call, call.writes)
    assert grant.description == "write(.envrc, a)"
    assert grant.covers(call, frozenset({"a"}))
    assert not grant.covers(call, frozenset({"a", "b"})) and not grant.covers(call, NONE)


def test_yeses_are_kept_by_workspace(tmp_path):
    kept = KeptGrants(tmp_path / "own/grants.json")
    one, other = Grant("call", "shell", "a"), Grant("prefix", "shell", "git push")
    for grant, place in ((one, "/a"), (other, "/a"), (one, "/b"), (one, "/a")):
        kept.add(grant, place)
    assert kept.of("/a") == (one, other) and kept.of("/b") == (one,) and kept.of("/c") == ()
    assert kept.path.stat().st_mode & 0o777 == 0o600
    assert [each["text"] for each in kept.remove([1, 3])] == ["a", "a"]
    assert kept.of("/a") == (other,)


@pytest.mark.parametrize("content", ["{", "[]", '{"grants": [1]}', json.dumps({"grants": [{"kind": "x"}]})])
def test_a_file_that_cant_be_read_is_named(tmp_path, content):
    (tmp_path / "g.json").write_text(content)
    with pytest.raises(ConfigurationError, match=r"g\.json"):
        KeptGrants(tmp_path / "g.json").entries()
