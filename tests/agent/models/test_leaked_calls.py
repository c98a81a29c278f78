"""Calls that leaked as text, and text that only looks like one."""

from __future__ import annotations

import json

import pytest

from agent.models.recover import recover

TOOLS = {"read", "shell"}
READ = '{"name": "read", "arguments": {"path": "a.py"}}'
SHELL = '{"name": "shell", "arguments": {"command": "ls"}}'


@pytest.mark.parametrize(
    ("text", "names", "rest"),
    [
        (f"```json\n{READ}\n```", ["read"], ""),
        (f"I look.\n\n```json\n{READ}\n```\n", ["read"], "I look."),
        (f"```\n{READ}\n```", ["read"], ""),
        (f"```json\r\n{READ}\r\n```", ["read"], ""),
        (f"```json\n{READ}", ["read"], ""),
        (f"```json\n{READ}\n```\n\n```json\n{SHELL}\n```", ["read", "shell"], ""),
        (f"```python\nx = 1\n```\nSo:\n```json\n{READ}\n```", ["read"], "```python\nx = 1\n```\nSo:"),
        ('```json\n{\n  "name": "read",\n  "arguments": {}\n}\n```', ["read"], ""),
        (f"  {READ}\n", ["read"], ""),
    ],
)
def test_leaks_are_calls(text, names, rest):
    found = recover(text, TOOLS)
    assert [call.name for call in found.calls] == names and found.text == rest


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Nothing to do.",
        f"Write it like this:\n```json\n{READ}\n```\nand it will be read.",
        f"````\n```json\n{READ}\n```\n````",
        f"A call is {READ}",
        f"{READ} is a call",
        "```json\n" + READ.replace("read", "rm") + "\n```",
        '```json\n{"name": "read"}\n```',
        '```json\n{"name": "read", "arguments": "{}"}\n```',
        '```json\n{"name": ["read"], "arguments": {}}\n```',
        '```json\n{"name": "read", "arguments": {"path": \n```',
        f"```json\n[{READ}]\n```",
        f"```python\n{READ}\n```",
        "{" * 5000,
    ],
)
def test_prose_stays_prose(text):
    assert recover(text, TOOLS) is None


def test_arguments_come_as_json_and_line_ends_inside_are_kept():
    found = recover('```json\n{"name": "shell", "arguments": {"command": "a\nb"}}\n```', TOOLS)
    assert json.loads(found.calls[0].arguments) == {"command": "a\nb"} and found.dialect == "fenced JSON"
