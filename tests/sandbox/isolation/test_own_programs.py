"""The programs the agent runs itself never come from the workspace."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seedsmith.agent.settings.settings import Settings
from seedsmith.agent.tasks.doctor import examine
from seedsmith.sandbox.isolation.own_programs import outside_path, own_program


def program(path: Path, content: str = "#!/bin/sh\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    path.chmod(0o755)
    return path


@pytest.fixture
def places(tmp_path):
    work = tmp_path / "work"
    good = program(tmp_path / "good/git")
    return work, good


def found(work: Path, *entries: object, name: str = "git") -> Path | None:
    return own_program(name, {"PATH": os.pathsep.join(map(str, entries))}, work)


def test_a_folder_below_the_workspace_is_passed_over_by_name_and_by_link(places, tmp_path):
    work, good = places
    program(work / ".venv/bin/git")
    (tmp_path / "linked").symlink_to(work / ".venv/bin")
    (tmp_path / "way").symlink_to(work)
    for hostile in (work / ".venv/bin", tmp_path / "linked", tmp_path / "way/.venv/bin", "bin", ".", ""):
        assert found(work, hostile, good.parent) == good
    assert found(tmp_path / "way", work / ".venv/bin", good.parent) == good


def test_a_link_into_the_workspace_is_passed_over_and_so_is_one_that_leads_out_of_it(places, tmp_path):
    work, good = places
    program(work / "evil")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").symlink_to(work / "evil")
    (work / "bin").mkdir()
    (work / "bin/git").symlink_to(good)
    assert found(work, tmp_path / "bin", work / "bin", good.parent) == good


def test_what_is_no_program_is_passed_over_and_none_is_none(places, tmp_path):
    work, good = places
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").write_text("")
    (tmp_path / "folder/git").mkdir(parents=True)
    assert found(work, tmp_path / "bin", tmp_path / "folder", good.parent) == good
    assert found(work, good.parent, name="no-such-program-anywhere") is None


def test_the_answer_stays_whatever_appears_later(places, tmp_path):
    work, good = places
    entries = (tmp_path / "earlier", good.parent)
    assert found(work, *entries) == good
    program(tmp_path / "earlier/git")
    assert found(work, *entries) == good


def test_doctor_runs_nothing_of_the_workspaces_environment(tmp_path, monkeypatch):
    work, mark = tmp_path / "work", tmp_path / "fired"
    for name in ("git", "rg", "python", "bwrap", "sh", "bash"):
        program(work / ".venv/bin" / name, f"#!/bin/sh\necho {name} >>{mark}\n")
    environment = {
        "PATH": f"{work}/.venv/bin:{os.environ['PATH']}",
        "VIRTUAL_ENV": f"{work}/.venv",
        "HOME": str(tmp_path / "home"),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings = Settings(workspace=work, home=tmp_path / "state")
    findings = {finding.subject: finding for finding in examine(settings, environment)}
    assert not mark.exists()
    assert str(work) not in findings["git"].said + findings["rg"].said


def test_what_is_run_unconfined_finds_no_program_of_the_workspace(tmp_path):
    work, elsewhere = tmp_path / "work", tmp_path / "elsewhere"
    (work / ".venv/bin").mkdir(parents=True)
    elsewhere.mkdir()
    (tmp_path / "link").symlink_to(work / ".venv/bin")
    entries = ("./node_modules/.bin", "", work / ".venv/bin", tmp_path / "link", elsewhere)
    assert outside_path({"PATH": os.pathsep.join(map(str, entries))}, work) == str(elsewhere)
    assert outside_path({}, work) == outside_path({"PATH": "bin:."}, work) == os.defpath
