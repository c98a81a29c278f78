"""Completion by a real local model, asked by its gap tokens."""

from __future__ import annotations

import os

import pytest

from seedsmith.agent.frontends.completion.completer import Completer
from seedsmith.agent.frontends.completion.hole import Hole
from seedsmith.agent.frontends.completion.hourly_budget import HourBudget
from seedsmith.agent.models.catalog import catalog
from seedsmith.agent.models.local import LocalModel

pytestmark = [pytest.mark.local_model, pytest.mark.slow, pytest.mark.xdist_group("machine")]


async def test_a_gap_is_filled_between_what_stands_around_it(weights_file, tmp_path):
    environment = {**os.environ, "SEEDSMITH_LOCAL_MODEL": str(weights_file)}
    model = LocalModel("qwen2.5-coder-0.5b", catalog.load(), environment, cache=tmp_path)
    completer = Completer(model, {}.get, HourBudget(None))
    before = (
        "def area(width, height):\n    return width * height\n\n\ndef perimeter(width, height):\n    return "
    )
    text = before + "\n\n\nprint(perimeter(2, 3))\n"
    try:
        found = await completer.complete(Hole("shapes.py", text, len(before)))
    finally:
        await completer.aclose()
        await model.aclose()
    assert found is not None and "width" in found.text and "\n" not in found.text
    scope: dict[str, object] = {}
    exec(before + found.text, scope)
    assert scope["perimeter"](2, 3) == 10  # type: ignore[operator]


async def test_a_word_begun_is_ended_in_the_tokens_of_the_model(weights_file, tmp_path):
    environment = {**os.environ, "SEEDSMITH_LOCAL_MODEL": str(weights_file)}
    model = LocalModel("qwen2.5-coder-0.5b", catalog.load(), environment, cache=tmp_path)
    completer = Completer(model, {}.get, HourBudget(None))
    before = 'import json\n\n\ndef parsed(text):\n    """What JSON says ("as it is")."""\n    retu'
    try:
        found = await completer.complete(Hole("parsed.py", before + "\n", len(before)))
    finally:
        await completer.aclose()
        await model.aclose()
    assert found is not None and found.text.startswith("rn json.loads(text")
