"""Task files: what is wrong is said in one sentence with its place; the schema published is theirs."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from seedsmith.agent.errors import ConfigurationError
from seedsmith.agent.tasks.batch.plan import plan
from seedsmith.agent.tasks.batch.task_file import schema_text
from seedsmith.agent.tasks.batch.task_file_reader import read_tasks

DOCS = Path(__file__).parents[4] / "docs"
BEGIN = "repositories: [x]\nsteps:\n"


def test_docs_hold_the_schema():
    said = "run: seedsmith batch schema > docs/batch.schema.json"
    assert (DOCS / "batch.schema.json").read_text(encoding="utf-8") == schema_text(), said


@pytest.mark.parametrize(
    ("more", "fits"), [("", True), ("workers: 2\n", True), ("worker: 2\n", False), ("workers: x\n", False)]
)
def test_the_schema_tells_right_from_wrong(more, fits):
    value = yaml.safe_load(BEGIN + "  - ast-grep: {language: go, pattern: a, rewrite: b}\n" + more)
    assert jsonschema.Draft202012Validator(json.loads(schema_text())).is_valid(value) is fits


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            BEGIN + "  - run: a\n    when: {gerp: x}\n",
            "4: there is no key 'gerp' (did you mean 'grep'?",
        ),
        ("repositories: [{path: a}]\nsteps: [{run: a}]\n", "there is no key 'path'; there are list, remote."),
        (BEGIN + "  - run: a\n    prompt: b\n", "line 3: steps[1] must do one thing, not run, prompt"),
        (BEGIN + "  - name: a\n", "line 3: steps[1] does nothing: give one of run, patch, ast-grep"),
        (BEGIN + "  - run: 3\n", "line 3: steps[1].run must be text"),
        (BEGIN + "  - run: a {{itme}}\n", "{{itme}} stands for nothing (did you mean 'item'?)"),
        (BEGIN + "  - run: a\nworkers: 0\n", "line 4: workers must be at least 1"),
        (BEGIN + "  - {run: a, name: x}\n  - {run: b, name: x}\n", "has two steps named 'x'"),
        (BEGIN + "  - run: a\n    when: {grep: '('}\n", "steps[1].when.grep is no regular expression"),
        (BEGIN + "  - run: a\n    when: {}\n", "steps[1].when says nothing"),
        (BEGIN + "  - run: a\nsteps: []\n", "line 4: 'steps' is there twice"),
        (BEGIN + "  - run: a\nmatrix: {item: [a]}\n", "has 'item' in its matrix, which means something"),
        (BEGIN + "  - run: a\nmatrix: {a: [b, b]}\n", "has no or repeated values for 'a'"),
        (BEGIN + "  - run: a\ninclude: tasks.yaml\n", "include each other in a circle"),
        (BEGIN + "  - run: a\ninclude: gone.yaml\n", "gone.yaml, which is not there"),
        (BEGIN + "  - run: a\ninclude: .\n", " is not a regular file"),
        (BEGIN + "  - patch: gone.patch\n", "gone.patch, which is no file"),
        (BEGIN + "  - libcst: {codemod: 'gone.py:X'}\n", "gone.py, which is no file"),
        ("repositories: [x]\n", "has no steps"),
        ("steps: [{run: a}]\n", "names no repositories"),
        ("", "is empty"),
        ("[]", "must hold 'key: value' lines"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path, text, words):
    (tmp_path / "tasks.yaml").write_text(text)
    with pytest.raises(ConfigurationError) as raised:
        read_tasks(tmp_path / "tasks.yaml")
    assert words in str(raised.value)


def test_includes_come_first_and_paths_go_by_their_own_file(tmp_path):
    (tmp_path / "common").mkdir()
    (tmp_path / "common/p.patch").touch()
    (tmp_path / "common/base.yaml").write_text(
        "steps: [{patch: p.patch}]\nverify: a\nworkers: 3\nrepositories: [r1]\nmatrix: {a: [x]}\n"
    )
    (tmp_path / "tasks.yaml").write_text(
        "include: common/base.yaml\nrepositories: [r2]\nsteps: [{run: b}]\nverify: c\nmatrix: {b: [y]}\n"
    )
    tasks = read_tasks(tmp_path / "tasks.yaml")
    assert [step.title for step in tasks.steps] == [f"patch: {tmp_path}/common/p.patch"[:69] + "…", "run: b"]
    assert tasks.repositories == [f"{tmp_path}/common/r1", f"{tmp_path}/r2"]
    assert (tasks.verify, tasks.workers, tasks.matrix) == ("c", 3, {"a": ["x"], "b": ["y"]})


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("repositories: [none*]\n", "match nothing"),
        ("repositories: [{list: gone.txt}]\n", "gone.txt can't be read"),
        (
            "repositories: [a]\nmatrix: {v: [x, y]}\ndeliver: {branch: one}\n",
            "a@x and a@y both deliver the branch one",
        ),
        ("repositories: [a, b]\ndeliver: {patch: out.patch}\n", "both deliver the patch"),
    ],
)
def test_what_can_not_be_planned(tmp_path, more, words):
    (tmp_path / "tasks.yaml").write_text(more + "steps: [{run: a}]\n")
    with pytest.raises(ConfigurationError, match=words):
        plan(read_tasks(tmp_path / "tasks.yaml"))


def test_items_of_the_same_name_are_told_apart(tmp_path):
    names = ["a/x/lib", "b/x/lib", "y/lib", "z"]
    for name in names:
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "tasks.yaml").write_text(
        "repositories: ['*/*/lib', '*/lib', z]\nexclude: ['q*']\nsteps: [{run: a}]\n"
        "deliver: {patch: 'out/{{item}}.patch'}\n"
    )
    items = plan(read_tasks(tmp_path / "tasks.yaml"))
    assert [item.name for item in items] == names
    assert len({item.id for item in items}) == 4
