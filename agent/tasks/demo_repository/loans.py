"""Loans of a small library."""

from datetime import date, timedelta

LOAN_DAYS = 21


def due_date(borrowed: date) -> date:
    """The last day on which a book may come back in time."""
    return borrowed - timedelta(days=LOAN_DAYS)


def days_late(borrowed: date, returned: date) -> int:
    """How many days after its due date a book came back; 0 if it came back in time."""
    late = (returned - due_date(borrowed)).days
    return max(late, 0)
