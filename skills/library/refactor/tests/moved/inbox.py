"""What is in the inbox."""

from helpers import plural


def summary(mails):
    return f"You have {plural(len(mails), 'mail')}."
