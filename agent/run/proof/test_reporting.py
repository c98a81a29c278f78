"""Making a test command tell of each test, by the environment where that will do, and hearing it."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Collection
from pathlib import Path

from seedsmith.agent.run.proof.results import MOST_XML_BYTES, TestRun, read_junit, read_output
from seedsmith.sandbox.commands.process import CommandResult, ProcessRunner
from seedsmith.sandbox.lazy_dataclass import dataclass

_NAME = "seedsmith-tests.xml"
_UNITTEST = re.compile(r"(-m\s+unittest(?:\s+discover(?!\S))?)(?!\S)(?!.*\s(?:-v|--verbose)\b)")
_GO = re.compile(r"(?<!\S)(go\s+test)(?!\S)(?!.*\s-v\b)")
_CARGO = re.compile(r"(?<!\S)(cargo\s+(?:\+\S+\s+)?test)(?!\S)(?!.*\s--no-fail-fast\b)")
"""It leaves out what comes after the first file with a test that fails."""
_JEST = re.compile(r"(?<![\w@/.-])(jest)(?=\s|$)(?!.*\s--verbose\b)")
_SCRIPT = re.compile(r"(?:cd (?P<below>[\w./-]+) && )?(?P<manager>npm|yarn|pnpm)(?: run)? (?:test|t)")
_ENDS_IN_JEST = re.compile(r"(?:^|[\s/])(?:jest(?:\.js)?|react-scripts test)(?:\s[^;&|]*)?$")
_STOPS = tuple(
    re.compile(rf"((?<![\w-])(?:{runner})(?=\s)[^\n;&|]*?)\s(?:{flags})(?=\s|$)")
    for runner, flags in (
        (r"pytest|py\.test", r"-x|--exitfirst|--maxfail(?:=|\s+)\d+|--stepwise|--sw"),
        ("unittest", "-f|--failfast"),
        (r"go\s+test", "--?failfast(?:=true)?"),
        ("ctest", "--stop-on-failure"),
        ("jest|vitest|mocha", r"--bail(?:[= ]\d+)?"),
    )
)
"""What ends a run at the first failure, which may be an old one."""
_STOPS_TOO = re.compile(r"((?<![\w-])(?:pytest|py\.test)(?=\s)[^\n;&|]*?\s-[qvsl]*)x(?=[qvsl]*(?:\s|$))")
_MOST_PACKAGE_BYTES = 1 << 20
_QUIET = re.compile(r"(?<=\s)(?:-q|--quiet)(?=\s|$)\s*")


@dataclass(frozen=True, slots=True)
class ReportingCommand:
    """A test command that tells of each test, and how to hear it."""

    command: str
    """The command, asked to tell more where only its arguments can."""
    environment: dict[str, str]
    heard_at: Path
    """Where pytest leaves its results, on the host."""

    def read(self, result: CommandResult, output: str) -> TestRun:
        """What the ended command said."""
        heard = read_junit(_taken(self.heard_at))
        whole = bool(heard) or not result.elided_bytes
        return TestRun(result.exit_code, output, heard or read_output(output), whole)


def reporting_command(command: str, processes: ProcessRunner, only: Collection[str] = ()) -> ReportingCommand:
    """``command`` made to tell of each test; of pytest's tests ``only`` those files, where given."""
    inside = "/tmp" if processes.isolation.name == "bwrap" else str(processes.policy.private_tmp)  # noqa: S108
    options = ["-o", "junit_family=xunit1", f"--junitxml={inside}/{_NAME}"]
    options += ["--continue-on-collection-errors", "--maxfail=0"]  # what fails hides no other test
    options += [str(processes.policy.workspace / path) for path in sorted(only)]  # wherever it runs
    before = processes.environment.get("PYTEST_ADDOPTS", "")
    verbose = _GO.sub(r"\1 -v", command)
    verbose = _CARGO.sub(r"\1 --no-fail-fast", verbose)
    verbose = _JEST.sub(r"\1 --verbose", verbose) + _of_script(command, processes.policy.workspace)
    for stops in (*_STOPS, _STOPS_TOO):
        while (without := stops.sub(r"\1", verbose)) != verbose:
            verbose = without
    if (loud := _UNITTEST.sub(r"\1 -v", verbose)) != verbose:
        verbose = _QUIET.sub("", loud)
    heard_at = processes.policy.private_tmp / _NAME
    heard_at.unlink(missing_ok=True)
    return ReportingCommand(verbose, {"PYTEST_ADDOPTS": f"{before} {shlex.join(options)}".strip()}, heard_at)


def _of_script(command: str, workspace: Path) -> str:
    """What makes a script of package.json that ends with jest tell of each test."""
    found = _SCRIPT.fullmatch(command.strip())
    if found is None:
        return ""
    try:
        with (workspace / (found["below"] or ".") / "package.json").open("rb") as file:
            script = json.loads(file.read(_MOST_PACKAGE_BYTES))["scripts"]["test"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""
    if not isinstance(script, str) or "--verbose" in script or not _ENDS_IN_JEST.search(script):
        return ""
    return " -- --verbose" if found["manager"] == "npm" else " --verbose"


def _taken(path: Path) -> bytes:
    """What a command left at ``path``, which is gone then; nothing where it is no plain file or too large."""
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > MOST_XML_BYTES:
            return b""
        content = path.read_bytes()
        path.unlink()
    except OSError:
        return b""
    return content
