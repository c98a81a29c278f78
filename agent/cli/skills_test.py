"""``seedsmith skills test``: the tests of skills, as a table, as JSON lines and as JUnit XML."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seedsmith.agent.cli.flags import load_settings, setting_flags
from seedsmith.agent.cli.invocation import debug_flag, json_flag, say

if TYPE_CHECKING:
    from seedsmith.agent.settings.settings import Settings
    from seedsmith.agent.tasks.skill_tests import TestResult, TestRun
    from seedsmith.skills.skill import BrokenSkill, Skill

FLAGS = ("workspace", "model", "base_url", "wire", "effort", "temperature", "sandbox", "network")


@click.command("test")
@click.argument("names", nargs=-1, metavar="[NAME|FOLDER]…")
@click.option("--test", "tests", multiple=True, metavar="NAME", help="Only this test; may be repeated.")
@click.option("--live", is_flag=True, help="Ask a model instead of replaying recordings; this costs money.")
@click.option("--update", is_flag=True, help="With --live: write the recordings of the tests that pass.")
@click.option("--keep", is_flag=True, help="Leave the workspace of a failing test behind, and say where.")
@click.option("--junit", type=click.Path(path_type=Path), metavar="FILE", help="Write JUnit XML, too.")
@setting_flags(*FLAGS)
@json_flag
@debug_flag
def test_skills(
    names: tuple[str, ...],
    tests: tuple[str, ...],
    live: bool,
    update: bool,
    keep: bool,
    junit: Path | None,
    as_json: bool,
    **flags: Any,
) -> int:
    """Run the tests of skills: those named, by name or folder, or all that can be used.

    Each works in a fresh copy of its workspace, in the sandbox. Without --live the model's answers come from
    recordings and nothing leaves this machine. Exits 1 where a test fails.
    """
    from seedsmith.agent.cli.run_common import until_done
    from seedsmith.agent.tasks.skill_tests import TestRun

    if update and not live:
        raise click.UsageError("--update writes what a model does: give --live too.")
    settings = load_settings(flags)
    if settings.model is not None and flags.get("model") is not None and not live:
        raise click.UsageError("--model is only asked with --live.")
    skills, broken = _chosen(settings, names)
    how = TestRun(settings, os.environ, live=live, update=update, keep=keep)
    show = _show_json if as_json else _show_line
    try:
        results = until_done(_run_all(skills, broken, tests, how, show))
    except KeyboardInterrupt:
        say("Stopped; what the tests made is removed.")
        raise
    if junit is not None:
        _write_junit(junit, results)
    if not as_json:
        _show_summary(results)
    return 1 if any(each.result == "failed" for each in results) else 0


def _chosen(settings: Settings, names: Sequence[str]) -> tuple[list[Skill], list[BrokenSkill]]:
    """The skills to test, and those that are broken.

    A folder that is named is tested as it is; a repository's skill that is named otherwise must be trusted.
    Without names those of the repository that nobody trusts are left out; a broken one can't be trusted.
    """
    from seedsmith.agent.run.named_skill import open_library
    from seedsmith.skills.skill import Origin, Skill
    from seedsmith.skills.skill_folder import read_skill

    library = open_library(settings, os.environ)
    if not names:
        left_out = [each.name for each in library.untrusted]
        left_out += [each.name for each in library.broken if each.origin is Origin.REPOSITORY]
        if left_out:
            listed = ", ".join(left_out)
            say(f"Not tested, because they are the repository's and not trusted: {listed:.200}.")
        broken = [each for each in library.broken if each.origin is not Origin.REPOSITORY]
        return list(library.skills.values()), broken
    skills: list[Skill] = []
    broken = []
    for name in names:
        is_folder = os.sep in name or name in (".", "..")
        if is_folder or (os.path.isdir(name) and name not in library.skills):  # noqa: PTH112
            found = read_skill(Path(name).resolve(), Origin.USER)
        else:
            known = next((each for each in library.broken if each.name == name), None)
            found = known if known is not None and name not in library.skills else library.find(name)
        if isinstance(found, Skill):
            skills.append(found)
        else:
            broken.append(found)
    return skills, broken


async def _run_all(
    skills: list[Skill], broken: list[BrokenSkill], tests: Sequence[str], how: TestRun, show: Any
) -> list[TestResult]:
    from seedsmith.agent.tasks.skill_tests import TestResult, run_tests

    results = []
    for each in broken:
        faults = tuple(str(error) for error in each.errors)
        results.append(TestResult(each.name, "manifest", "failed", failures=faults))
        show(results[-1])
    async for result in run_tests(skills, tests, how):
        results.append(result)
        show(result)
    return results


def _show_json(result: TestResult) -> None:
    from seedsmith.agent.frontends.jsonl import encode

    sys.stdout.buffer.write(encode(result.to_json()))
    sys.stdout.buffer.flush()


_MARKS = {"passed": "✓", "failed": "✗", "skipped": "–"}
_STYLES = {"passed": "green", "failed": "bold red", "skipped": "yellow"}
_STATE = 7
"""The width of the column that says how a test ended."""


def _show_line(result: TestResult) -> None:
    """One line a test, as it ends; beneath a failing one what was wrong."""
    from rich.console import Console
    from rich.text import Text

    from seedsmith.agent.frontends.line_wrapping import as_told, padded
    from seedsmith.agent.frontends.terminal import visible

    console = Console(file=sys.stdout, soft_wrap=True, highlight=False)
    mark, style = _MARKS[result.result], _STYLES[result.result]
    name = " ".join(filter(None, (result.skill, result.test)))
    state = padded(as_told(result.result), _STATE)
    line = Text.assemble((f"{mark} {state}", style), f"  {visible(name)}")
    line.append(f"  {as_told(result.why_skipped or f'{result.seconds:.2f} s')}", "dim")
    console.print(line)
    below = [f"recorded in {result.recorded}"] if result.recorded is not None else []
    below += result.failures
    below += [f"its workspace: {result.workspace}"] if result.workspace is not None else []
    for said in below:
        for text in visible(as_told(said)).splitlines():
            console.print(f"           {text}", markup=False)


def _show_summary(results: Sequence[TestResult]) -> None:
    from seedsmith.agent.frontends.line_wrapping import tell

    counts = {kind: sum(each.result == kind for each in results) for kind in _MARKS}
    said = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count) or "nothing to test"
    tell(f"{said} in {sum(each.seconds for each in results):.1f} s")


def _write_junit(path: Path, results: Sequence[TestResult]) -> None:
    from seedsmith.agent.errors import UsageError
    from seedsmith.agent.tasks.junit import Case, junit_xml

    cases = [
        Case(each.skill, each.test or "tests", each.seconds, "\n".join(each.failures), each.why_skipped)
        for each in results
    ]
    try:
        path.write_bytes(junit_xml(cases))
    except OSError as error:
        raise UsageError(f"Can't write {path}: {error.strerror}.") from error
