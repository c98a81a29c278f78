"""Known secrets come out as a mask, everything else as it was."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from agent.redact import MASK, Redactor

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
