"""What an editor shows of its own accord is in the person's language."""

from __future__ import annotations

import re

from seedsmith.agent.frontends.acp import authentication, commands
from seedsmith.agent.frontends.acp.editor_session import MODES
from seedsmith.agent.frontends.languages.reports import Reports
from seedsmith.agent.frontends.line_wrapping import as_told, told_by

CHINESE = re.compile("[\u4e00-\u9fff]")


def test_commands_modes_and_keys_are_told():
    with told_by(Reports("zh")):
        offered = {each.name: each for each in commands.offered([("mine", "others' words")])}
        keys = authentication.methods({}, in_terminal=True)
        modes = [as_told(said) for mode in MODES.values() for said in mode]
    assert offered.pop("mine").description == "others' words"
    assert all(CHINESE.search(each.description) for each in offered.values())
    assert offered["undo"].input.root.hint == "[--to 轮次] [路径…]"
    assert all(CHINESE.search(each.name) and CHINESE.search(each.description) for each in keys)
    assert all(map(CHINESE.search, modes))
    assert {each.name: each for each in commands.offered([])}["diff"].description.startswith("everything")
