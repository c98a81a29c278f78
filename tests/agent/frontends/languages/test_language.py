"""The conversation's words: each language has all of them, and the code asks for none that is missing."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

import seedsmith.agent.cli.conversation as command_line
from seedsmith.agent.frontends.conversation import conversation
from seedsmith.agent.frontends.conversation.commands import COMMANDS
from seedsmith.agent.frontends.languages.language import LANGUAGES, Words, catalogue, language_of

ASKED_FOR = re.compile(r"""words\(\s*(f?)["']([\w.{}' ]+?)["']""")
PLACES = (Path(conversation.__file__).parent, Path(command_line.__file__))


def names(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def test_no_language_misses_a_sentence_or_says_another_thing():
    english = catalogue("en")
    for language in LANGUAGES:
        other = catalogue(language)
        assert other.keys() == english.keys()
        for key, sentence in english.items():
            assert other[key].strip() and names(other[key]) == names(sentence), key
            assert other[key].startswith(" ") == sentence.startswith(" ") or language != "en", key


def test_every_sentence_is_used_and_every_used_one_is_there():
    files = [file for place in PLACES for file in ([place] if place.is_file() else place.glob("*.py"))]
    asked = [found for file in files for found in ASKED_FOR.findall(file.read_text())]
    whole = {key for formed, key in asked if not formed}
    begun = {key.partition("{")[0] for formed, key in asked if formed}
    english = catalogue("en")
    assert whole <= english.keys() and {"command.", "mode.", "context.", "key."} == begun
    assert {key for key in english if key not in whole and not key.startswith(tuple(begun))} == set()
    offered = {name for name, *_ in command_line._COMMANDS} | COMMANDS.keys()
    assert {f"command.{name}" for name in offered} == {
        key for key in english if key.startswith("command.") and key not in whole
    }


@pytest.mark.parametrize(
    "chosen, environment, language",
    [
        (None, {}, "en"),
        (None, {"LANG": "zh_CN.UTF-8"}, "zh"),
        (None, {"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, "en"),
        ("zh", {"LANG": "de_DE.UTF-8"}, "zh"),
    ],
)
def test_the_language_is_the_chosen_one_or_the_locales(chosen, environment, language):
    assert language_of(chosen, environment) == language


def test_values_are_no_format():
    assert Words()("waits", message="{not} a name").endswith("{not} a name")
