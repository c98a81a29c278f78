"""What a shell command is made of, as rules see it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from seedsmith.agent.settings.permissions.shell_parser import split


@pytest.mark.parametrize(
    ("command", "parts"),
    [
        ("git status", ["git status"]),
        ("a && b || c; d & e | f", ["a", "b", "c", "d", "e", "f"]),
        ("r'm' \"-r\"f a\\ b", ["rm -rf a b"]),
        ("echo $(rm x) `ls` ${B:-$(rm y)}", ["echo … … …", "rm x", "ls", "rm y"]),
        ("diff <(a) >(b)", ["diff … …", "a", "b"]),
        ("X=1 Y=$Z pytest -q", ["X=1 Y=… pytest -q"]),
        ("env X=1 timeout 5 a", ["env X=1 timeout 5 a", "X=1 timeout 5 a", "X=1 a"]),
        ("bash -c 'git push; echo > a'", ["bash -c git push; echo > a", "git push", "echo", "> a"]),
        ("ls | xargs -0 -n 1 rm -f", ["ls", "xargs -0 -n 1 rm -f", "rm -f …"]),
        ("a > b 2>> c 2>&1 < d", ["a", "> b", "> c"]),
        ("a > /dev/null 2>&-", ["a"]),
        ("(a; b) > c", ["a", "b", "> c"]),
        ("if a; then b; else c; fi", ["a", "b", "c"]),
        ("for f in *.py; do wc $f; done", ["wc …"]),
        ("case $x in a) b;; *) c;; esac", ["b", "c"]),
        ("cat <<'E' > f\n$(rm x)\nE", ["cat", "> f"]),
        ("cat <<E\n$(rm x)\nE", ["cat", "rm x"]),
        ("export A=$(b)", ["export A=…", "b"]),
        ("A=1; b", ["A=1", "b"]),
        ("eval 'rm x'; trap 'rm y' EXIT", ["eval rm x", "rm x", "trap rm y EXIT", "rm y"]),
        ("a # ; rm x", ["a"]),
        ("\"$VENV/bin/python\" -m x", ["…/bin/python -m x"]),
        ("awk '{print $(NF)}' f", ["awk {print $(NF)} f"]),
        ("make \\\n  -j 2 && \\\nb", ["make -j 2", "b"]),
    ],
)  # fmt: skip
def test_each_part_is_seen(command, parts):
    found = split(command)
    assert [part.shown for part in found.parts] == parts
    assert found.unclear == ""


@pytest.mark.parametrize(
    "command",
    [
        "$X y",
        "`a` b",
        "/usr/bin/r? x",
        "{rm,x}",
        'bash -c "$X"',
        "bash -c 'bash -c \"$X\"'",
        "echo rm x | sh",
        "bash < f",
        "eval $X",
        "timeout $T x",
        "f() { a; }; f",
        "alias a=b",
        "coproc a",
        "r\\\nm x",
        "a 'b",
        "if a; then",
        "a\u00a0b",
        "a\rb",
        "cat <<E OF\na\nE",
        "cat <<E <<F\na\nE\nb\nF",
        "cat <<E\n`a`\nE",
        "x='a[$(b)]'; echo $((x))",
        "test -v 'a[$(b)]'",
        "a > b c",
        "! ! a",
        "time ! a",
        "a\n\\b c",
        "git <<E push\na\nE",
        "a;" * 400,
        "a" * 30_000,
        "bash -c " + "'bash -c " * 9,
    ],
)
def test_what_cant_be_told_is_unclear(command):
    assert split(command).unclear


def test_what_is_clear_of_an_unclear_command_is_seen():
    assert [part.shown for part in split("$X; rm y; {rm,z}").parts][:1] == ["rm y"]


@pytest.mark.parametrize("nesting", ["(", "$(", "{ ", "if ", '"$(', "<(", "[[ "])
def test_deep_nesting_is_no_crash(nesting):
    assert split(nesting * 5_000).unclear


def test_the_parser_is_loaded_only_where_a_command_is_taken_apart():
    code = (
        "import sys, seedsmith.agent.calls.gates, seedsmith.agent.run.permissions;"
        "sys.exit(any(name.startswith('tree_sitter') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
