"""One wrong value is told alike to a model, in a manifest and in the settings."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from seedsmith.agent.settings.config import checked
from seedsmith.tools.wrong_values import IN_JSON, IN_WORDS, what_is_wrong

SAID = [
    (str, 3, "must be a string", "must be text"),
    (int, "x", "must be an integer", "must be a whole number"),
    (float, "x", "must be a number", "must be a number"),
    (bool, "x", "must be true or false", "must be true or false"),
    (list[str], "x", "must be an array", "must be a list"),
    (dict[str, str], "x", "must be an object", "must be a mapping"),
    (Annotated[str, Field(min_length=1)], "", "must not be empty", "must not be empty"),
    (Annotated[list[int], Field(max_length=1)], [1, 2], "must have at most 1 items, it has 2", None),
    (Annotated[str, Field(max_length=2)], "abc", "must be at most 2 characters long, it has 3", None),
    (Annotated[int, Field(gt=1, le=3)], 4, "must be at most 3", "must be at most 3"),
    (Literal["a", "b"], "c", "must be one of 'a' or 'b'", "must be one of 'a' or 'b'"),
    (Annotated[str, Field(pattern="x")], "y", "must match pattern 'x'", "must match pattern 'x'"),
]


@pytest.mark.parametrize(("kind", "value", "json", "words"), SAID, ids=lambda value: str(value)[:40])
def test_what_is_wrong_with_a_value(kind: Any, value: object, json: str, words: str | None) -> None:
    with pytest.raises(ValidationError) as wrong:
        TypeAdapter(kind).validate_python(value, strict=True)
    details = wrong.value.errors()[0]
    assert what_is_wrong(details, IN_JSON) == json
    if words is not None:
        assert what_is_wrong(details, IN_WORDS) == words


def test_settings_of_the_wrong_kind_are_told_in_words() -> None:
    with pytest.raises(Exception, match="model can't be 3: it must be text"):
        checked({"model": 3})
    with pytest.raises(Exception, match="it is wrong at before_tool.0.argv: it must be a list"):
        checked({"hooks": {"before_tool": [{"argv": "x"}]}})
