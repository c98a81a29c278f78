"""A server's question as a person reads it, and what the server is answered."""

from __future__ import annotations

import pytest
from mcp_types import ElicitRequestFormParams

from seedsmith.tools.mcp.elicitation import DECLINE, NOT_GIVEN, elicited

TITLED = [{"const": "hero-1", "title": "Superman"}, {"const": "hero-2", "title": "Green Lantern"}]


async def asked(described, *answers, required=True):
    """The questions with their options, and what the server gets."""
    heard, left = [], list(answers)

    async def person(text, options):
        heard.append((text.partition("\n")[2], options))
        return left.pop(0)

    schema = {"type": "object", "properties": {"it": described}, "required": ["it"] if required else []}
    params = ElicitRequestFormParams(message="Say it.", requested_schema=schema)
    return heard, await elicited("x", params, person)


@pytest.mark.parametrize(
    ("described", "question", "options", "said", "value"),
    [
        ({"type": "string"}, "it?", (), "a word", "a word"),
        ({"type": "integer", "description": "How many"}, "it (How many)?", (), "3", 3),
        ({"type": "integer"}, "it?", (), "three", "three"),
        ({"type": "number"}, "it?", (), "0.5", 0.5),
        ({"type": "boolean"}, "it?", ("yes", "no"), "no", False),
        ({"type": "boolean"}, "it?", ("yes", "no"), "Y", True),
        ({"type": "string", "enum": ["a", "b"]}, "it?", ("a", "b"), "b", "b"),
        (
            {"type": "string", "enum": ["a", "b"], "enumNames": ["Ant", "Bee"]},
            "it?",
            ("Ant", "Bee"),
            "Bee",
            "b",
        ),
        ({"type": "string", "enum": ["a", "b"], "enumNames": ["Ant"]}, "it?", ("a", "b"), "b", "b"),
        (
            {"type": "string", "oneOf": TITLED},
            "it?",
            ("Superman", "Green Lantern"),
            "Green Lantern",
            "hero-2",
        ),
        ({"type": "string", "oneOf": TITLED}, "it?", ("Superman", "Green Lantern"), "hero-9", "hero-9"),
        (
            {"type": "string", "enum": [*"abcdefghi"], "title": "Letter"},
            "it (Letter - one of: a, b, c, d, e, f, g, h, i)?",
            tuple("abcdefg"),
            "i",
            "i",
        ),
        (
            {"type": "array", "items": {"anyOf": TITLED}, "title": "Heroes"},
            "it (Heroes - any of these, with commas between: Superman, Green Lantern)?",
            (),
            "Green Lantern, other,",
            ["hero-2", "other"],
        ),
        (
            {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}},
            "it (any of these, with commas between: a, b)?",
            (),
            "b,a",
            ["b", "a"],
        ),
        ({"type": "array", "items": "broken"}, "it?", (), "x", ["x"]),
    ],
)
async def test_a_field_is_asked_for_and_answered_in_its_type(described, question, options, said, value):
    heard, result = await asked(described, said)
    assert heard == [(question, (*options, DECLINE))]
    assert (result.action, result.content) == ("accept", {"it": value})


async def test_a_person_may_leave_out_decline_and_not_answer():
    heard, result = await asked({"type": "string"}, NOT_GIVEN, required=False)
    assert heard[0][1] == (NOT_GIVEN, DECLINE) and (result.action, result.content) == ("accept", {})
    assert (await asked({"type": "string"}, DECLINE))[1].action == "decline"
    assert (await asked({"type": "string"}, ""))[1].action == "cancel"
