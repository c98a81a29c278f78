"""``seedsmith permissions``: the rules, what they come to, and taking back what was allowed for good."""

from __future__ import annotations

import json

import pytest

from seedsmith.agent.cli.main import main
from seedsmith.agent.settings.permissions.grants import Grant, KeptGrants

CONFIGURATION = """\
permissions:
  - ask: shell(git *)
  - deny: shell(git push *)
    because: I push myself.
    match: [git push, "cd x && git push -f"]
    not_match: git pull
"""
DENIED = "deny: the rule deny write(vendor/**) of the repository covers vendor/x"


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "own"))
    monkeypatch.setenv("SEEDSMITH_HOME", str(tmp_path / "state"))
    (tmp_path / "own/seedsmith").mkdir(parents=True)
    (tmp_path / "own/seedsmith/config.yaml").write_text(CONFIGURATION)
    (tmp_path / "work/.seedsmith").mkdir(parents=True)
    (tmp_path / "work/.seedsmith/config.yaml").write_text("permissions:\n  - deny: write(vendor/**)\n")
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def said(capsys, *arguments):
    code = main(["permissions", *arguments])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_rules_are_listed_as_they_win(workspace, capsys):
    assert said(capsys) == (
        0,
        "deny shell(git push *)  (I push myself.)\ndeny write(vendor/**)  [repository]\nask shell(git *)\n",
        "",
    )


@pytest.mark.parametrize(
    ("arguments", "code", "first"),
    [
        (["ls"], 0, "allow: no rule is about it"),
        (["git log"], 1, "ask: the rule ask shell(git *) covers git log"),
        (
            ["ls && git push"],
            1,
            "deny: the rule deny shell(git push *) covers git push: I push myself",
        ),
        (["git $X"], 1, "ask: the rule ask shell(git *) covers git …"),
        (
            ["--write", "vendor/x"],
            1,
            "deny: the rule deny write(vendor/**) of the repository covers vendor/x",
        ),
        (["--mcp", "hub:list"], 0, "allow: no rule is about it"),
        (["--tool", "read"], 0, "allow: no rule is about it"),
    ],
)
def test_a_command_is_tried_without_running_it(workspace, capsys, arguments, code, first):
    found, out, _ = said(capsys, "test", *arguments)
    assert (found, out.splitlines()[0]) == (code, first)


def test_the_parts_of_a_command_are_shown(workspace, capsys):
    _, out, _ = said(capsys, "test", "--json", "ls $(a) > x")
    assert json.loads(out)["parts"] == ["ls …", "a", "> x"]


def test_what_was_allowed_for_good_is_listed_holds_and_is_taken_back(workspace, capsys, tmp_path):
    kept = KeptGrants(tmp_path / "own/seedsmith/grants.json")
    kept.add(Grant("prefix", "shell", "git log"), str(workspace))
    kept.add(Grant("call", "shell", "a"), "/elsewhere")
    assert f"1. allowed for good in {workspace}: shell(git log *)\n" in said(capsys, "list")[1]
    assert said(capsys, "test", "git log -3")[:2] == (
        0,
        "allow: you allowed shell(git log *) here for good\n",
    )
    assert said(capsys, "remove", "3")[0] == 2
    assert said(capsys, "remove", "1")[:2] == (0, f"No longer allowed in {workspace}: shell(git log *)\n")
    assert said(capsys, "test", "git log -3")[0] == 1 and len(kept.entries()) == 1


def test_a_wrong_example_is_told_with_its_place(workspace, capsys, tmp_path):
    file = tmp_path / "own/seedsmith/config.yaml"
    file.write_text(CONFIGURATION.replace("git pull", "git push -n"))
    code, _, err = said(capsys, "list")
    assert code == 2
    assert (
        f"{file} line 1" in err and "entry 2: deny shell(git push *) covers its example 'git push -n'" in err
    )


def test_a_repository_cant_widen(workspace, capsys):
    (workspace / ".seedsmith/config.yaml").write_text("permissions:\n  - allow: shell(git *)\n")
    code, _, err = said(capsys, "test", "git log")
    assert code == 1 and "a repository can only deny and ask" in err
