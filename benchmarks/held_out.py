"""Twenty real fixes of public libraries, held out: from the report alone, judged by the upstream's own tests.

    python benchmarks/held_out.py --check               the list holds: upstream's tests fail before the fix
    python benchmarks/held_out.py -- -m openai/NAME     ``seedsmith fix`` with these flags on each of them

Each is cloned (``--from`` says where from) and set back to the commit before its fix, without its history.
The report is the fix's commit message, which sometimes names the cause. Its tests are put there only at the
end, to judge what came of it. What can't be fetched is skipped with a line. pytest has to be installed, and
freezegun for humanize.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import yaml

LIST = Path(__file__).with_name("held_out.yaml")
TESTS = "PYTHONPATH=src:. PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 python3 -m pytest -q -p no:cacheprovider"
SECONDS = 900


@dataclass(frozen=True)
class Fix:
    """One fix: the tests it came with fail before it and pass after."""

    repository: str
    commit: str
    tests: tuple[str, ...]
    before: str = ""
    """A command to be run in a fresh checkout."""
    suite: str = ""
    """What the test command needs besides, to run the whole suite."""

    def __str__(self) -> str:
        return f"{self.repository}@{self.commit[:8]}"


class NotHad(Exception):
    """The fix can't be fetched."""


def read_list(path: Path = LIST) -> list[Fix]:
    """The fixes that are named in ``path``."""
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [Fix(**each | {"tests": tuple(each["tests"])}) for each in found]


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=A", "-c", "user.email=a@example.org", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode:
        raise NotHad(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "git failed")
    return done.stdout


def fetch(fix: Fix, source: str, folder: Path) -> tuple[Path, str]:
    """The repository before the fix, without its history, and the report; the whole clone lies beside it."""
    owner, name = fix.repository.split("/")
    whole, work = folder / "whole", folder / "work"
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "clone", "-q", source.format(repository=fix.repository, owner=owner, name=name), "whole")
    report = git(whole, "show", "-s", "--format=%B", fix.commit).strip()
    git(whole, "checkout", "-q", "--detach", f"{fix.commit}^")
    checkout(whole, f"{fix.commit}^", work)
    if fix.before:
        subprocess.run(fix.before, shell=True, cwd=work, check=True)
    for arguments in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "Start")):
        git(work, *arguments)
    return work, report


def checkout(whole: Path, commit: str, folder: Path) -> None:
    """Write the files of ``commit`` into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    git(whole, f"--work-tree={folder}", "checkout", "-q", "-f", commit, "--", ".")


def passes(fix: Fix, folder: Path, whole: Path) -> bool:
    """Whether the upstream's tests pass on what is in ``folder``."""
    git(whole, f"--work-tree={folder}", "checkout", "-q", "-f", fix.commit, "--", *fix.tests)
    command = f"{TESTS} {' '.join(fix.tests)}"
    try:
        done = subprocess.run(command, shell=True, cwd=folder, capture_output=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def check(fix: Fix, source: str, folder: Path) -> str:
    """Whether the upstream's tests tell the fix from the code before it."""
    work, _ = fetch(fix, source, folder)
    before = passes(fix, work, folder / "whole")
    checkout(folder / "whole", fix.commit, work)
    after = passes(fix, work, folder / "whole")
    return "holds" if after and not before else f"does not hold: {before} before, {after} after"


def attempt(fix: Fix, source: str, folder: Path, flags: list[str]) -> str:
    """How ``seedsmith fix`` ended on it, in one line."""
    work, report = fetch(fix, source, folder)
    issue = folder / "report.md"
    issue.write_text(report, encoding="utf-8")
    command = [sys.executable, "-P", "-m", "seedsmith", "fix", "--issue", str(issue), "--json"]
    command += ["-C", str(work), "--test", f"{TESTS} {fix.suite}".strip(), *flags]
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, stdin=subprocess.DEVNULL)
    seconds = time.monotonic() - began
    lines = done.stdout.strip().splitlines()
    ended = json.loads(lines[-1]) if lines else {}
    if ended.get("type") != "session.finished":
        return f"could not begin: {done.stderr.strip()[-200:]}"
    right = passes(fix, work, folder / "whole")
    tokens = ended["usage"]["total_tokens"]
    claim = " FALSE CLAIM" if ended["status"] == "done" and not right else ""
    upstream = "pass" if right else "fail"
    taken = f"{ended['turns']} turns, {tokens:,} tokens, {seconds:.0f} s"
    return f"{ended['status']}; upstream's tests {upstream}{claim}; {taken}"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--check", action="store_true", help="ask no model; see that the list holds")
    parser.add_argument("--from", dest="source", default="https://github.com/{repository}.git")
    parser.add_argument("--list", type=Path, default=LIST)
    parser.add_argument("--only", default="", help="those whose name holds this")
    parser.add_argument("flags", nargs="*", help="flags of seedsmith fix, behind --")
    given = parser.parse_args(arguments)
    failed = 0
    for fix in read_list(given.list):
        if given.only not in str(fix):
            continue
        with tempfile.TemporaryDirectory(prefix="held-out-") as folder:
            try:
                if given.check:
                    said = check(fix, given.source, Path(folder))
                else:
                    said = attempt(fix, given.source, Path(folder), given.flags)
            except (NotHad, OSError, subprocess.SubprocessError) as error:
                said = f"skipped: {error}"
        failed += "does not hold" in said
        print(f"{fix}: {said}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
