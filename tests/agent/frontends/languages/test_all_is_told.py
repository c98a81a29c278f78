"""Every sentence that the sources say to people has its form in Chinese."""

from __future__ import annotations

import re
from functools import lru_cache

import pytest
from said_in_english import Said, all_said, printed

from seedsmith.agent.frontends.languages.language import catalogue
from seedsmith.agent.frontends.languages.reports import Form, Reports, forms_of

SENTENCES = re.compile(r"(?<=[.!?]) (?=[A-Z`'(-])")
AROUND = " \n.,:;()!·-"
LEFT_OUT = re.compile(r"(?<=\S)7|^7 (?=[7A-Z])")
"""Places of an example in which nothing may stand."""
ENGLISH_WORDS = re.compile(r"[a-z]{2,} [a-z]{2,}")


def possible(example: str) -> list[str]:
    """``example``, and the same without what may be left out: all of it, or one."""
    without = (example[: place.start()] + example[place.end() :] for place in LEFT_OUT.finditer(example))
    return [example, LEFT_OUT.sub("", example), *without]


def untold(said: list[Said]) -> set[str]:
    """What of ``said`` no form tells: pieces that stand in none, whole sentences that none fits."""
    literals = [literal for form in forms_of("zh") for literal in Form(form, "").literals]
    literals += [*forms_of("zh"), *catalogue("en").values()]
    told = lru_cache(None)(Reports("zh"))
    missing = set()
    for each in said:
        for sentence in SENTENCES.split(each.text):
            piece = sentence.strip(AROUND)
            if len(piece) > 2 and told(sentence) == sentence and not any(piece in each for each in literals):
                missing.add(f"{each.place}: {piece}")
        for line in each.example.splitlines():
            if ENGLISH_WORDS.search(line) and all(told(each) == each for each in possible(line)):
                missing.add(f"{each.place}: {line}")
    return missing


@pytest.mark.slow
def test_every_sentence_of_the_sources_is_told_in_chinese():
    assert untold(list(all_said())) == set()


def test_a_new_sentence_would_be_missed():
    new = "The flux is inverted: turn 7 around."
    assert untold([Said("new.py:1", "The flux is inverted: turn ", new)]) == {
        f"new.py:1: {new}",
        "new.py:1: The flux is inverted: turn",
    }


def test_no_command_prints_prose_but_what_is_told():
    """``tell``, or ``as_told`` around it, puts it into the person's language."""
    assert list(printed()) == []
