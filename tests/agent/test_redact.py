"""Known secrets come out as a mask, everything else as it was."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedsmith.agent.redact import MASK, MOST_NESTED, TOO_DEEP, Redactor, nested_too_deeply

SECRET = 'sk-"1234\\5678ü'


def test_variables_that_sound_secret_are_known_and_others_not():
    environment = {
        "WCODE_API_KEY": "key-of-wcode",
        "GITHUB_TOKEN": "token-of-hub",
        "DB_PASSWORD": "pass-of-db",
        "KEYBOARD": "german-keyboard",
        "SHORT_KEY": "abc",
        "EMPTY_KEY": "",
    }
    redactor = Redactor.from_environment(environment, "given-by-flag", None)
    text = "key-of-wcode token-of-hub pass-of-db given-by-flag german-keyboard abc"
    assert redactor.text(text) == f"{MASK} {MASK} {MASK} {MASK} german-keyboard abc"


def test_the_longest_secret_wins():
    assert Redactor(["12345678", "1234567890"]).text("1234567890") == MASK


@given(before=st.text(), after=st.text())
def test_json_stays_json_and_loses_the_secret(before, after):
    line = Redactor([SECRET]).text(json.dumps({"text": before + SECRET + after}))
    assert SECRET not in json.loads(line)["text"]


@given(
    st.recursive(
        st.text() | st.integers() | st.none(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )
)
def test_data_without_secrets_is_unchanged(value):
    assert Redactor([SECRET]).data(value) == value
    assert Redactor([]).data(value) is value


def test_secrets_anywhere_in_data_are_masked():
    redacted = Redactor([SECRET]).data({SECRET: [{"a": (SECRET, 1)}]})
    assert redacted == {MASK: [{"a": [MASK, 1]}]}


@pytest.mark.parametrize("secrets", [[SECRET], []])
def test_what_is_nested_too_deeply_is_cut_there_and_never_fails(secrets):
    deep = json.loads('{"a":' * 50 + "[" * 900 + json.dumps(SECRET) + "]" * 900 + "}" * 50)
    redacted = json.dumps(Redactor(secrets).data({"x": deep, "y": 1}))
    assert TOO_DEEP in redacted and json.loads(redacted)["y"] == 1 and redacted.count("[") < 60


def test_as_many_levels_as_are_allowed_stay():
    level = lambda count: json.loads("[" * count + "]" * count)  # noqa: E731
    assert Redactor([SECRET]).data(level(MOST_NESTED)) == level(MOST_NESTED)
    assert not nested_too_deeply(level(MOST_NESTED)) and nested_too_deeply(level(MOST_NESTED + 1))
    assert TOO_DEEP in str(Redactor([SECRET]).data(level(MOST_NESTED + 1)))


@pytest.mark.parametrize(
    ("secrets", "text", "shown"),
    [
        (("secret-key-1",), "a secret-key-1 b", "a [redacted] b"),
        (("secret-key-1",), "a secret-key-2 secret-", "a secret-key-2 secret-"),
        (("abcdefgh", "abcdefghijk"), "xabcdefghijkl", "x[redacted]l"),
        (("abcdefgh", "abcdefghijk"), "xabcdefghi", "x[redacted]i"),
        (("aaaaaaaa",), "b" + "a" * 17 + "b", "b[redacted][redacted]ab"),
        ((), "plain", "plain"),
    ],
)
def test_a_secret_in_pieces_is_never_shown(secrets, text, shown):
    for size in range(1, len(text) + 1):
        stream = Redactor(secrets).stream()
        pieces = [stream.feed(text[start : start + size]) for start in range(0, len(text), size)]
        assert "".join([*pieces, stream.close()]) == shown, size
