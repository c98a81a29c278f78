"""Rules: which calls they cover, and which of them wins."""

from __future__ import annotations

import pytest

from seedsmith.agent.settings.permissions.call import RuledCall
from seedsmith.agent.settings.permissions.decision import Rulebook
from seedsmith.agent.settings.permissions.patterns import UNKNOWN
from seedsmith.agent.settings.permissions.rule_reader import RuleError, read_rules


def says(entries, call):
    ruling = Rulebook(read_rules(entries), "/w").judge(call)
    return ruling.says.value if ruling.says else None


def shell(command):
    return RuledCall("shell", command=command)


def write(path, tool="edit"):
    return RuledCall(tool, writes=frozenset({path}))


def mcp(named):
    server, _, tool = named.partition(":")
    return RuledCall("mcp", server=server, offered=tool)


PUSH = [{"deny": "shell(git push *)"}]
FORCED = [{"deny": "shell(rm -rf *)"}]
TESTS = [{"allow": ["shell(pytest *)", "shell(git status)", "write(out/*.txt)"]}]
DOCS = [{"ask": "write(docs/**)"}]


@pytest.mark.parametrize(
    ("entries", "call", "said"),
    [
        (PUSH, shell("git push"), "deny"),
        (PUSH, shell("ls && git push origin"), "deny"),
        (PUSH, shell("git pushes"), None),
        (PUSH, shell("git pull"), None),
        (PUSH, shell("/usr/bin/git push"), "deny"),
        (PUSH, shell("git -C x --no-pager push"), "deny"),
        (PUSH, shell("sudo -u me git push"), "deny"),
        (PUSH, shell("find . -exec git push \\;"), "deny"),
        (PUSH, shell("git $X"), "ask"),
        (PUSH, shell("git commit -m 'git push (later'"), None),
        (PUSH, shell("echo git push"), None),
        (PUSH, shell("$X"), "ask"),
        (PUSH, RuledCall("git", words=("git", "push")), "deny"),
        (PUSH, RuledCall("git", words=("git", "log")), None),
        (PUSH, RuledCall("git", command="git push", words=("git", "bisect", "run")), "deny"),
        (PUSH, RuledCall("git", words=("git", UNKNOWN, "abort")), "ask"),
        (PUSH, shell("git -c alias.p=push p"), "deny"),
        (PUSH, shell("git -c alias.p='!git push -f' p"), "deny"),
        (PUSH, shell("git config --global alias.p push && git p"), "deny"),
        (PUSH, shell("git config set core.sshCommand 'git push; ssh'"), "deny"),
        (PUSH, shell("git -c alias.p=$X p"), "ask"),
        (PUSH, shell("GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=alias.p GIT_CONFIG_VALUE_0=push git p"), "deny"),
        (PUSH, shell("GIT_EDITOR='git push' git commit"), "deny"),
        (PUSH, shell("export PAGER='git push'; man ls"), "deny"),
        (PUSH, shell("git -c credential.helper='!git push' fetch"), "deny"),
        (PUSH, shell('git -c user.name="git push\'s" -c color.ui=false -c core.pager=cat log'), None),
        (PUSH, shell("git config user.name 'git push' && PAGER=less CC='git push' git log"), None),
        (PUSH, shell("git commit -c HEAD && git config --get alias.p"), None),
        (FORCED, shell("rm -fr x"), "deny"),
        (FORCED, shell("rm -r -f x"), "deny"),
        (FORCED, shell("sudo rm -vfr x"), None),
        (FORCED, shell("rm -r x -f"), None),
        ([{"deny": "shell(rm -r *)"}], shell("rm -frv x"), "deny"),
        ([{"allow": "shell(rm -rf *)"}], shell("rm -fr x"), "ask"),
        (PUSH, write("a"), None),
        (TESTS, shell("pytest -q && git status"), "allow"),
        (TESTS, shell("pytest -q 2>/dev/null | pytest"), "allow"),
        (TESTS, shell("timeout 5 pytest"), "allow"),
        (TESTS, shell("pytest $X"), "allow"),
        (TESTS, shell("X=1 pytest"), "ask"),
        (TESTS, shell("sudo pytest"), "ask"),
        (TESTS, shell("/tmp/pytest"), "ask"),
        (TESTS, shell("pytest; ls"), "ask"),
        (TESTS, shell("pytest $(ls)"), "ask"),
        (TESTS, shell("git status -s"), "ask"),
        (TESTS, shell("pytest > out/a.txt"), "allow"),
        (TESTS, shell("pytest > /w/out/a.txt"), "allow"),
        (TESTS, shell("pytest > out/b/a.txt"), "ask"),
        (TESTS, shell("pytest > out/../a.txt"), "ask"),
        (TESTS, shell("pytest > $X"), "ask"),
        (TESTS, shell("pytest ("), "ask"),
        (TESTS, write("out/a.txt"), "allow"),
        (TESTS, write("src/a.txt", "patch"), "ask"),
        (TESTS, RuledCall("read"), None),
        (DOCS, write("docs/a/b"), "ask"),
        (DOCS, shell("a > docs/b"), "ask"),
        (DOCS, shell("cd docs && a > b"), "ask"),
        (DOCS, shell("a > $X"), "ask"),
        (DOCS, shell("a > src/b"), None),
        (DOCS, write("src/docs/a"), None),
        ([{"deny": "write(**/secret.*)"}], write("secret.py"), "deny"),
        ([{"deny": "write(**/secret.*)"}], write("a/b/secret.py"), "deny"),
        ([{"deny": "write"}], write("x", "patch"), "deny"),
        ([{"deny": "edit"}], write("x", "patch"), None),
        ([{"deny": "shell"}], RuledCall("git", words=("git", "log")), None),
        ([{"ask": "mcp(hub:delete_*)"}], mcp("hub:delete_all"), "ask"),
        ([{"ask": "mcp(hub:delete_*)"}], mcp("hub:list"), None),
        ([{"allow": "mcp(hub:*)"}], mcp("hub:list"), "allow"),
        ([{"allow": "mcp(hub:*)"}], mcp("other:list"), "ask"),
        ([{"allow": "shell"}, *PUSH], shell("git push"), "deny"),
        ([{"allow": "shell"}, *PUSH], shell("ls > x"), "allow"),
        ([{"allow": "shell"}, *PUSH], shell("$X"), "ask"),
        ([{"allow": "shell"}], shell("$X"), "allow"),
        ([{"allow": "shell(git *)"}, {"ask": "shell(git push *)"}, *PUSH], shell("git push"), "deny"),
        ([{"allow": "shell(git *)"}, {"ask": "shell(git push *)"}], shell("git push"), "ask"),
        ([], shell("git push"), None),
    ],
)
def test_a_call_is_judged(entries, call, said):
    assert says(entries, call) == said


def test_the_reason_names_the_rule_and_what_it_covers():
    rules = [{"deny": "shell(rm *)", "because": "Nothing is deleted here.", "of": "repository"}]
    assert Rulebook(read_rules(rules)).judge(shell("ls; rm -rf x")).why == (
        "the rule deny shell(rm *) of the repository covers rm -rf x: Nothing is deleted here"
    )


def test_a_word_for_files_is_asked_for_all_of_them():
    call = RuledCall("patch", writes=frozenset({"docs/a", "src/b"}))
    assert Rulebook(read_rules(DOCS)).judge(call).paths == {"docs/a", "src/b"}


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"deny": "shell(git push *)", "match": "git pull"}, "does not cover its example 'git pull'"),
        ({"deny": "shell(git *)", "not_match": ["ls", "a; git b"]}, "covers its example 'a; git b'"),
        ({"allow": "shell(pytest *)", "match": "pytest; ls"}, "does not cover"),
        ({"deny": "read", "match": "x"}, "takes no examples"),
        ({"deny": "edit(docs/**)"}, r"write\(…\) is for every tool"),
        ({"deny": "shell()"}, "is no rule"),
        ({"deny": "shell( )"}, "empty pattern"),
        ({"deny": "git push"}, "is no rule"),
        ({"deny": "mcp(hub)"}, "SERVER:TOOL"),
        ({"deny": []}, "is empty"),
        ({"deny": 5}, "a text or a list of texts"),
        ({"deny": "shell", "allow": "shell"}, "one of deny, ask and allow"),
        ({}, "one of deny, ask and allow"),
        ({"deny": "shell", "why": "x"}, "'why' is no key"),
        ({"allow": "shell", "of": "repository"}, "can only deny and ask"),
    ],
)  # fmt: skip
def test_a_rule_that_cant_be_used_is_named(entry, said):
    with pytest.raises(RuleError, match=f"is wrong in entry 2: .*{said}"):
        read_rules([{"deny": "todo"}, entry])


def test_examples_that_come_out_right_are_no_fault():
    entry = {"deny": "write(docs/**)", "match": ["docs/a", "./docs/b"], "not_match": "src/docs"}
    assert [rule.written for rule in read_rules([entry])] == ["deny write(docs/**)"]


@pytest.mark.parametrize("pattern", ["*" * 60 + "x", "a*" * 60 + "b"])
def test_a_pattern_of_many_stars_ends(pattern):
    assert says([{"deny": f"shell({pattern})"}], shell("a" * 500)) is None
