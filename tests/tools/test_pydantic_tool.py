"""The flat schema, and the specs of the built-in tools as the model gets them."""

from __future__ import annotations

import json
from typing import Literal

from pydantic import Field

from seedsmith.tools.base import Effect
from seedsmith.tools.pydantic_tool import Parameters, flatten_schema
from seedsmith.tools.registry import default_tools


class Inner(Parameters):
    """A docstring the model need not see."""

    name: str
    size: int | None = None


class Outer(Parameters):
    text: str = Field(description="Some text.")
    number: int | None = Field(None, ge=1)
    mode: Literal["a", "b"] = "a"
    one: Inner | None = None
    many: list[Inner] = Field([], description="Several.")
    either: int | str = 0


def test_the_schema_is_flat():
    inner = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "size": {"type": "integer"}},
        "required": ["name"],
    }
    assert flatten_schema(Outer) == {
        "type": "object",
        "properties": {
            "text": {"type": "string", "description": "Some text."},
            "number": {"type": "integer"},
            "mode": {"type": "string", "enum": ["a", "b"]},
            "one": {**inner, "description": "Shape: {name: string, size?: integer}"},
            "many": {
                "type": "array",
                "items": inner,
                "description": "Several. Shape: [{name: string, size?: integer}]",
            },
            "either": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
        },
        "required": ["text"],
    }


def test_the_built_in_specs_are_small_flat_and_always_the_same():
    specs = [vars_of(tool.spec) for tool in default_tools(vision=True)]
    text = json.dumps(specs)
    assert text == json.dumps([vars_of(tool.spec) for tool in default_tools(vision=True)])
    assert len(text) < 7_600
    for word in ("$defs", "$ref", '"title"', "anyOf", '"default"'):
        assert word not in text
    files = ["read", "edit", "write", "patch", "glob", "grep"]
    commands = ["shell", "shell_output", "shell_input", "shell_kill"]
    assert [spec["name"] for spec in specs] == [*files, *commands, "git", "todo", "view_image"]
    for spec in specs:
        assert set(spec["parameters"]) == {"type", "properties", "required"}


def vars_of(spec):
    return {"name": spec.name, "description": spec.description, "parameters": spec.parameters}


def test_access_keeps_writers_of_one_file_in_order_and_readers_together():
    tools = {tool.spec.name: tool for tool in default_tools()}

    def access(name, **arguments):
        return tools[name].access(tools[name].parse(arguments))

    edit = access("edit", path="./src//a.py", old="x", new="y")
    assert edit.writes == {"src/a.py"}
    assert edit.conflicts_with(access("write", path="src/a.py", content=""))
    assert edit.conflicts_with(access("read", path="/anywhere/src/a.py"))
    assert edit.conflicts_with(access("grep", pattern="x"))
    assert edit.conflicts_with(access("shell", command="ls"))
    assert not edit.conflicts_with(access("read", path="src/b.py"))
    assert not access("read", path="a").conflicts_with(access("glob", pattern="*"))
    assert not access("read", path="spill:s1").conflicts_with(access("shell", command="ls"))


def test_calls_for_one_background_command_keep_their_order_and_never_start_early():
    tools = {tool.spec.name: tool for tool in default_tools()}
    given = {
        "shell_output": {"id": "b1"},
        "shell_kill": {"id": "b1"},
        "shell_input": {"id": "b1", "text": "x"},
    }
    accesses = {name: tools[name].access(tools[name].parse(values)) for name, values in given.items()}
    for name, access in accesses.items():
        assert access.effect is Effect.WORKSPACE
        assert all(access.conflicts_with(other) for other in accesses.values()), name
    other = tools["shell_output"].access(tools["shell_output"].parse({"id": "b2"}))
    assert not other.conflicts_with(accesses["shell_output"])
    assert not other.conflicts_with(
        tools["edit"].access(tools["edit"].parse({"path": "a", "old": "x", "new": "y"}))
    )


def test_a_model_without_the_other_tools_gets_a_shell_that_leaves_nothing_running():
    (shell,) = [tool for tool in default_tools(background=False) if tool.spec.name.startswith("shell")]
    assert set(shell.spec.parameters["properties"]) == {"command", "timeout"}
    assert "nothing runs on in the background" in shell.spec.description
