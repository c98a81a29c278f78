"""The package that docs/extending.md shows: written, installed and used as it stands there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from scripted_endpoint import calls, text

DOCUMENT = Path(__file__).parents[2] / "docs" / "extending.md"
FILE = re.compile(r"^### `([^`\n]+)`\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def example(tmp_path_factory) -> Path:
    """A folder that the example package is installed in."""
    folder = tmp_path_factory.mktemp("example")
    files = FILE.findall(DOCUMENT.read_text(encoding="utf-8"))
    assert len(files) == 4
    for name, content in files:
        file = folder / "source" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    install(folder / "source", folder / "installed")
    return folder / "installed"


def install(source: Path, target: Path) -> None:
    flags = ("--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check", "-q")
    command = [sys.executable, "-m", "pip", "install", *flags, "--target", str(target), str(source)]
    environment = os.environ | {"PIP_CONFIG_FILE": os.devnull}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def extended(seedsmith, example, monkeypatch):
    """The command, with the example installed beside it, for this process too."""
    seedsmith.extra["PYTHONPATH"] = str(example)
    monkeypatch.syspath_prepend(example)
    (seedsmith.workspace / "package.json").write_text('{"scripts": {"test": "jest é"}, "files": [1, 2]}')
    return seedsmith


def tool(seedsmith, name: str, arguments: dict, *flags: str):
    return seedsmith.run_plain("tool", name, json.dumps(arguments), *flags)


@pytest.mark.slow
def test_the_tool_runs_from_the_command_line(extended):
    done = tool(extended, "json_get", {"path": "package.json", "keys": ["scripts", "test"]})
    assert (done.code, done.last["text"], done.errors) == (0, '"jest é"', "")
    done = tool(extended, "json_get", {"path": "package.json", "keys": ["scripts", "lint"]})
    assert done.code == 1 and done.last["text"] == "package.json has no such value: KeyError 'lint'"
    done = tool(extended, "json_get", {"path": "../outside.json", "keys": []})
    assert done.code == 1 and "outside" in done.last["text"]
    done = tool(extended, "json_get", {}, "--no-extensions")
    assert done.code == 1 and "There is no tool 'json_get'" in done.last["text"]


@pytest.mark.slow  # an installation by pip
def test_the_skill_is_listed_and_checked(extended):
    rows = {row["name"]: row for row in extended.run_plain("skills", "list").events}
    assert (rows["tidy-json"]["state"], rows["tidy-json"]["origin"]) == ("usable", "package")
    (checked,) = extended.run_plain("skills", "check", "tidy-json").events
    assert checked["ok"] and all("has no tests" in warning for warning in checked["warnings"])


@pytest.mark.slow
def test_a_model_uses_both(extended, endpoint):
    get = ("json_get", {"path": "package.json", "keys": ["files", "1"]})
    write = (
        "python3 -m json.tool --sort-keys --indent 2 --no-ensure-ascii package.json x && mv x package.json"
    )
    endpoint.script(calls(get, ("glob", {"pattern": "*"}), ("shell", {"command": write})), text("Tidy."))
    done = extended.finish(extended.start("--skill", "tidy-json", "--with", "path=package.json"))
    assert done.code == 0, done.errors
    assert done.last["verified"]["command"] == "python3 -m json.tool package.json"
    shown, refused, _ = [m["content"] for m in endpoint.requests[1].body["messages"] if m["role"] == "tool"]
    assert shown == "2" and "leaves only these tools: read, json_get, shell" in refused
    names = [each["function"]["name"] for each in endpoint.requests[0].body["tools"]]
    assert names[-2:] == ["skill", "json_get"]
    assert extended.tree()["package.json"].startswith('{\n  "files": [')


@pytest.mark.slow
def test_broken_packages_are_told_and_stop_nothing(extended, endpoint, tmp_path, monkeypatch):
    source, installed = tmp_path / "source", tmp_path / "installed"
    (source / "odd").mkdir(parents=True)
    (source / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "odd"\nversion = "1"\n'
        '[project.entry-points."seedsmith.tools"]\n'
        'a_missing = "odd.missing:Tool"\nb_exits = "odd.exits:Tool"\nc_number = "odd:NUMBER"\n'
        'd_clash = "odd:Clash"\n'
        '[project.entry-points."seedsmith.skills"]\n'
        'gone = "odd:GONE"\nlost = "odd.missing"\n'
    )
    (source / "odd" / "__init__.py").write_text(
        "from seedsmith.tools.files.read import ReadTool as Clash\nNUMBER = 5\nGONE = '/nonexistent/skills'\n"
    )
    (source / "odd" / "exits.py").write_text("raise SystemExit(3)\n")
    install(source, installed)
    monkeypatch.syspath_prepend(installed)
    endpoint.script(calls(("json_get", {"path": "package.json", "keys": ["files"]})), text("Done."))
    done = extended.run("Go")
    assert done.code == 0, done.errors
    said = [notice["message"] for notice in done.of("notice") if notice["code"] == "extension"]
    assert [sentence.split(" is left out")[0] for sentence in said] == [
        f"The tool '{name}' of the package odd" for name in ("a_missing", "b_exits", "c_number", "d_clash")
    ]
    assert "'read', as another tool is already" in said[3]
    rows = {row["name"]: row for row in extended.run_plain("skills", "list").events}
    assert rows["gone"]["state"] == rows["lost"]["state"] == "broken"
    assert "/nonexistent/skills" in rows["gone"]["said"] and "ModuleNotFoundError" in rows["lost"]["said"]
    assert rows["tidy-json"]["state"] == "usable"
    assert "a_missing" in tool(extended, "glob", {"pattern": "*"}).errors
