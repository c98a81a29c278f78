"""However it is quoted and wrapped, what a rule denies is never let through; bash says what it runs."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess

import pytest
from examples import examples
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from seedsmith.agent.settings.permissions.call import RuledCall
from seedsmith.agent.settings.permissions.decision import Rulebook
from seedsmith.agent.settings.permissions.rule_reader import read_rules
from seedsmith.agent.settings.permissions.rules import Ruled

BOOK = Rulebook(read_rules([{"deny": "shell(denied *)"}, {"allow": "shell"}]))
ONLY_ALLOWED = Rulebook(read_rules([{"allow": ["shell(true *)", "shell(echo *)"]}]))


def through(book, command):
    return book.judge(RuledCall("shell", command=command)).says in (Ruled.ALLOW, None)


@st.composite
def quoted(draw, word):
    """``word`` in one of the ways in which bash takes it for the same."""
    pieces, rest = [], word
    while rest:
        count = draw(st.integers(1, len(rest)))
        piece, rest = rest[:count], rest[count:]
        how = draw(st.sampled_from(("", "'", '"', "\\", "$'")))
        if how == "\\":
            pieces.append("".join("\\" + letter for letter in piece))
        else:
            pieces.append(f"{how}{piece}{how[-1:]}")
    return "".join(pieces)


WRAPS = (
    "{}", "true && {}", "false || {}", "true; {}", "true | {}", "true & {}", "{} && true", "! {}",
    "({})", "{{ {}; }}", "echo $({})", 'echo "a $({}) b"', "x=$({})", "A=1 {}", "cat <({})",
    "if true; then {}; fi", "true\n{}", "for i in 1 2; do {}; done", "while {}; do break; done",
    "case a in a) {};; esac", "true > a; {}", "> a {}", "echo ${{x:-$({})}}", "[[ -n $({}) ]]",
    "export A=$({})", "echo $(( $({}) + 1 ))", "echo hi # no\n{}", "cat <<E\n$({})\nE", "cat <<< $({})",
    "{} 2>&1", "command {}", "exec {}", "time {}", "env {}", "env -u A B=2 {}", "timeout 5 {}",
    "timeout -k 1 5 {}", "nice -n 3 {}", "nohup {}", "xargs {}", "xargs -n1 {}", "sudo {}",
    "sudo -u me {}", "stdbuf -oL {}", "setsid -w {}", "find . -exec {} \\;", "f() {{ {}; }}; f",
)  # fmt: skip
TEXTS = (
    "bash -c {}",
    "sh -ec {}",
    "eval {}",
    "bash -lc {} x",
    "trap {} EXIT",
    "ssh host {}",
    "A=1 bash -c {}",
)


@st.composite
def compounds(draw):
    """A command with ``denied`` in it somewhere."""
    command = " ".join((draw(quoted("denied")), draw(st.sampled_from(("", "x", "'a b'", "$y")))))
    for _ in range(draw(st.integers(1, 3))):
        if draw(st.booleans()):
            command = draw(st.sampled_from(WRAPS)).format(command)
        else:
            command = draw(st.sampled_from(TEXTS)).format(shlex.quote(command))
    return command


@settings(max_examples=examples(120), deadline=None)
@given(compounds())
def test_a_compound_with_a_denied_part_is_never_let_through(command):
    assert not through(BOOK, command)
    assert not through(ONLY_ALLOWED, command)


@pytest.mark.parametrize("wrap", WRAPS)
def test_what_is_denied_is_seen_in_each_construct(wrap):
    assert BOOK.judge(RuledCall("shell", command=wrap.format("denied x"))).says is Ruled.DENY


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder to run in, and one with nothing but the program ``denied``, which leaves a mark."""
    root = tmp_path_factory.mktemp("bash")
    for name in ("bin", "work"):
        (root / name).mkdir()
    program = root / "bin/denied"
    program.write_text(f"#!{shutil.which('sh')}\n: > {root}/mark\n")
    program.chmod(0o755)
    return root


FRAGMENTS = (
    "\n\\", "\\d", " \\", "\n#", "denied",
    "denied", "den", "ied", "x", "echo", "eval", "true", "command", "exec", "trap", "bash", "-c",
    "EXIT", " ", " ", " ", "\n", ";", "&", "|", "&&", "||", "'", "'", '"', '"', "\\", "\\\n", "$(", ")",
    "`", "`", "(", "{ ", "; }", "{", "}", ",", "..", "#", "<<E\n", "\nE\n", "<<-E\n", "<<'E'\n", "<<<",
    "<", ">", "a", "$x", "${x:-", "$'", '$"', "\\x64", "=", "x=", "[[", "]]", "((", "))", "$((", "!",
    "~", "*", "?", "if ", "; then ", "; fi", "case x in x)", ";; esac", "do ", "time ", "coproc ",
    "alias ", "${!x}", "@P}", "-eq", "a[", "]", "\t", "\r", "\u00a0", "é", "printf", "-v", "read",
    "test", "unset",
)  # fmt: skip


@pytest.mark.slow
@settings(
    max_examples=examples(80), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=14).map("".join))
@example("den\\\nied x")
@example("{denied,x}")
@example("true\n\\denied x")
@example("echo a # b\n\\denied")
@example("! ! denied")
@example("de'n'\\i\\e\\d")
@example("cat <<E\n`denied`\nE")
@example("x='a[$(denied)]'; echo $((x))")
@example("echo `echo \\`denied\\``")
def test_what_bash_runs_is_not_let_through(place, command):
    mark = place / "mark"
    mark.unlink(missing_ok=True)
    environment = {"PATH": str(place / "bin"), "HOME": str(place), "LC_ALL": "C.UTF-8"}
    bash = shutil.which("bash")
    if "\0" in command:
        return
    subprocess.run(
        [bash, "-c", command], cwd=place / "work", env=environment, stdin=subprocess.DEVNULL, timeout=30,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, preexec_fn=os.setsid,
    )  # fmt: skip
    if mark.exists():
        assert not through(BOOK, command), command
