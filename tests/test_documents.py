"""Every command and sample of the README and of docs/ runs as it stands there.

A fenced block's language says what is done with it: ``sh`` is run in a repository, ``python`` beside it, both
against the scripted service; ``yaml`` is read by what reads such files; ``toml`` and ``json`` are parsed;
``text`` is to be read only. A comment before a block, ``<!-- not run: REASON -->``, keeps it from being run.
A block that begins with ``# ~/PATH`` is that file of the home folder; one below a heading of a file's name
is that file.
"""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from PIL import Image
from scripted_endpoint import calls, text

from seedsmith.agent.models.catalog import user_catalog
from seedsmith.agent.settings.config import load
from seedsmith.agent.tasks.batch.task_file_reader import read_tasks
from seedsmith.skills.manifest import TestSpec as SkillTest
from seedsmith.skills.scaffold import scaffold
from seedsmith.skills.skill import Origin, Skill
from seedsmith.skills.skill_folder import read_skill

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
_BLOCK = re.compile(
    r"^(?:<!-- not run: (?P<reason>[^\n]+) -->\n)?```(?P<language>\w*)\n(?P<body>.*?)^```$", re.M | re.S
)
_HEADING = re.compile(r"^#+ (.*)$", re.M)
_HOME_FILE = re.compile(r"# ~/(\S+)\n")
WORK = (
    "touch fixed.txt; sed -i s/colour/color/g app.py; echo '- Words with accents are found.' >> CHANGELOG.md"
)


@dataclass(frozen=True)
class Block:
    page: str
    line: int
    language: str
    body: str
    reason: str
    """Why it is not run; '' where it is."""
    heading: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks_of(page: Path) -> list[Block]:
    whole = page.read_text(encoding="utf-8")
    found = []
    for match in _BLOCK.finditer(whole):
        before = _HEADING.findall(whole[: match.start()])
        line = whole.count("\n", 0, match.start("language")) + 1
        reason = match["reason"] or ""
        found.append(Block(page.name, line, match["language"], match["body"], reason, before[-1]))
    return found


BLOCKS = [block for page in PAGES for block in blocks_of(page)]
FILES = {found[1]: block.body for block in BLOCKS if (found := _HOME_FILE.match(block.body))}


def of(*languages: str):
    chosen = [block for block in BLOCKS if block.language in languages and not block.reason]
    return pytest.mark.parametrize("block", chosen, ids=str)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_sample_stands_in_a_block_of_a_known_language(page):
    whole = page.read_text(encoding="utf-8")
    rest = _BLOCK.sub("", whole)
    assert "```" not in rest and "<!-- not run" not in rest
    assert not re.search(r"^(?: {4}|\t)\S", rest, re.M), "an indented block is seen by no test: fence it"
    unknown = {block.language for block in blocks_of(page)} - {"sh", "python", "yaml", "toml", "json", "text"}
    assert not unknown


def test_what_is_not_run_says_why(capsys):
    kept = [block for block in BLOCKS if block.reason]
    with capsys.disabled():
        for block in kept:
            print(f"\n{block} is not run: {block.reason}", end="")
    assert all(len(block.reason) > 10 for block in kept)


def answer(request):
    """What a model would do with any of the documents' prompts: the work at once, then its last words."""
    said = json.dumps(request.body)
    if "<before_cursor>" in said:
        return text("<COMPLETION> + 1</COMPLETION>")
    if '"role": "tool"' in said or '"function_call_output"' in said:
        return text("Done: CHANGELOG.md tells of it.")
    return calls(("shell", {"command": WORK}))


@pytest.fixture
def place(tmp_path, endpoint):
    """A repository with a failing test, copies of it, and what the documents' commands name."""
    endpoint.script(answer)
    repository = tmp_path / "repo"
    (repository / "tests").mkdir(parents=True)
    (repository / "generated").mkdir()
    (repository / "app.py").write_text("colour = 1\n\n\ndef main():\n    return colour\n")
    (repository / "CHANGELOG.md").write_text("# Changelog\n\n- First version.\n")
    (repository / "tests/test_parser.py").write_text(
        "import pathlib\n\n\ndef test_it():\n    assert pathlib.Path('fixed.txt').exists()\n"
    )
    for name in ("now.png", "wanted.png"):
        Image.new("RGB", (32, 32)).save(repository / name)
    (tmp_path / "bin").mkdir()
    npm = tmp_path / "bin/npm"
    npm.write_text("#!/bin/sh\ntest -e fixed.txt\n")
    npm.chmod(0o755)
    scaffold(repository / ".agents/skills", "mine")
    shutil.copytree(repository / ".agents/skills/mine", repository / "skills/mine")
    git = ("git", "-c", "user.name=A", "-c", "user.email=a@example.org")
    for arguments in (("init", "-q", "-b", "main"), ("add", "."), ("commit", "-q", "-m", "Start")):
        subprocess.run((*git, *arguments), cwd=repository, check=True)
    for name in ("other", "a-fresh-copy", "another-copy", "fresh-copy"):
        shutil.copytree(repository, tmp_path / name)
    for name, body in FILES.items():
        path = tmp_path / "home" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".py":
            path.write_text(body)
    return tmp_path


@pytest.fixture
def run(place, endpoint):
    environment = {
        "PATH": f"{place / 'bin'}:{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": str(place / "home"),
        "LANG": "C.UTF-8",
        "SEEDSMITH_MODEL": "wcode/doubao-seed-2.0-code",
        "SEEDSMITH_BASE_URL": endpoint.base_url,
        "SEEDSMITH_API_KEY": "a-key",
        "EVOLINK_API_KEY": "a-key",
    }

    def call(command, folder="repo"):
        options = {"cwd": place / folder, "env": environment, "stdin": subprocess.DEVNULL}
        done = subprocess.run(command, capture_output=True, text=True, timeout=110, **options)
        assert done.returncode == 0, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    return call


@pytest.mark.slow  # half a minute of commands on a quiet machine
@of("sh")
def test_commands_run_as_pasted(block, run, place):
    begin(block, run)
    if " mine" in block.body:
        run((sys.executable, "-P", "-m", "seedsmith", "skills", "trust", "mine"))
    if "seedsmith tool" in block.body:
        for folder in ("repo", "other"):
            (place / folder / "fixed.txt").touch()
    run(("bash", "-e", "-o", "pipefail", "-c", block.body))


@pytest.mark.slow
@of("python")
def test_programs_run_as_pasted(block, run):
    if block.heading.startswith("`") or _HOME_FILE.match(block.body):
        ast.parse(block.body)  # a file of a package, or of the home folder, that others run
        return
    begin(block, run)
    run((sys.executable, "-P", "-c", block.body), folder=".")


def begin(block, run):
    """Have a session where the sample tells of what was done before."""
    if re.search("seedsmith (?:sessions|undo)|Sessions\\(|--continue", block.body):
        run((sys.executable, "-P", "-m", "seedsmith", "run", "Begin it"))


@of("toml")
def test_toml_is_toml(block):
    assert tomllib.loads(block.body)


@of("json")
def test_json_is_json(block):
    assert json.loads(block.body)


@of("yaml")
def test_samples_are_what_their_readers_take(block, tmp_path):
    value = yaml.safe_load(block.body)
    if "providers" in value:
        (tmp_path / "models.yaml").write_text(block.body)
        assert user_catalog.read(tmp_path / "models.yaml").providers
    elif "instructions" in value:
        (tmp_path / value["name"]).mkdir()
        (tmp_path / value["name"] / "skill.yaml").write_text(block.body)
        found = read_skill(tmp_path / value["name"], Origin.USER)
        assert isinstance(found, Skill) and not found.warnings, found
    elif "steps" in value:
        for name in re.findall(r"patch: ([\w-]+\.patch)\n", block.body):
            (tmp_path / name).touch()
        (tmp_path / "tasks.yaml").write_text(block.body)
        assert read_tasks(tmp_path / "tasks.yaml").steps
    elif "tests" in value:
        assert [SkillTest.model_validate(each) for each in value["tests"]]
    else:
        assert _HOME_FILE.match(block.body)[1] == ".config/seedsmith/config.yaml"
        (tmp_path / ".config/seedsmith").mkdir(parents=True)
        (tmp_path / ".config/seedsmith/config.yaml").write_text(block.body)
        loaded = load({"workspace": str(tmp_path)}, {"XDG_CONFIG_HOME": str(tmp_path / ".config")})
        assert not loaded.notices and set(value) <= loaded.settings.model_fields_set


@pytest.mark.slow
def test_the_hooks_let_ordinary_work_pass_and_stop_what_they_are_for(place, run):
    (sample,) = (block.body for block in BLOCKS if block.language == "yaml" and "before_tool:" in block.body)
    (place / "home/.config/seedsmith/config.yaml").write_text(sample)
    command = [sys.executable, "-P", "-m", "seedsmith", "run", "Do it", "--verify", "pytest -q"]
    run(command)
    assert (place / "repo/fixed.txt").exists()
    guard = place / "home/.config/seedsmith/guard.py"
    event = json.dumps({"arguments": {"command": "git push --force"}})
    told = subprocess.run([sys.executable, guard], input=event, capture_output=True, text=True, check=True)
    assert json.loads(told.stdout)["decision"] == "deny"


def test_the_changelog_sample_is_not_proven_with_nothing_written(place):
    (sample,) = (yaml.safe_load(block.body) for block in BLOCKS if "name: changelog-entry" in block.body)
    verify = sample["verify"].replace("{test}", "true")
    assert subprocess.run(["sh", "-c", verify], cwd=place / "repo").returncode != 0
    with (place / "repo/CHANGELOG.md").open("a") as file:
        file.write("- Words with accents are found.\n")
    assert subprocess.run(["sh", "-c", verify], cwd=place / "repo").returncode == 0
