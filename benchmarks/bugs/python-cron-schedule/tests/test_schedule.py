from datetime import datetime

import pytest
from cron.fields import FieldError, parse_field
from cron.schedule import Schedule

NOON = datetime(2024, 5, 6, 12, 0)


def test_lists_and_ranges():
    assert parse_field("1,3-5", "hour") == {1, 3, 4, 5}
    assert parse_field("*/20", "minute") == {0, 20, 40}


@pytest.mark.parametrize("text", ["60", "x", "5-1", "*/0"])
def test_bad_fields(text):
    with pytest.raises(FieldError):
        parse_field(text, "minute")


def test_due():
    assert Schedule("0 12 * * 1").due(NOON)
    assert not Schedule("0 12 * * 0").due(NOON)


def test_number_of_fields():
    with pytest.raises(FieldError, match="found 4"):
        Schedule("* * * *")


def test_office_hours():
    moments = Schedule("0 9-16/4 * * 1-5").upcoming(NOON, 3)
    assert [(moment.day, moment.hour) for moment in moments] == [(6, 13), (7, 9), (7, 13)]
