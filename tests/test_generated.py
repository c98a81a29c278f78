"""The files that a start reads in place of what they are made from say the same."""

from __future__ import annotations

import pytest
import write_generated


@pytest.mark.parametrize(
    "path", write_generated.FILES, ids=lambda path: path.relative_to(write_generated.HOUSE).as_posix()
)
def test_a_generated_file_is_what_it_is_made_from(path):
    made = write_generated.text(write_generated.FILES[path]())
    assert path.read_text("utf-8") == made, "run python tests/support/write_generated.py"


def test_the_catalog_keeps_nothing_that_json_has_no_word_for():
    read = write_generated.catalog()
    assert write_generated.json.loads(write_generated.text(read)) == read
