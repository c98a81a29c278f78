"""Everyday bookings."""

from bank.ledger import Entry


def transfer(ledger, source, target, cents, text="transfer"):
    """Move money from one account to another."""
    if cents <= 0:
        raise ValueError("amount must be positive")
    ledger.book([Entry(source, -cents, text), Entry(target, cents, text)])


def share(ledger, source, targets, cents, text="share"):
    """Split an amount among several accounts; the first gets what does not divide."""
    each, rest = divmod(cents, len(targets))
    entries = [Entry(source, -cents, text)]
    for index, target in enumerate(targets):
        entries.append(Entry(target, each + (rest if index == 0 else 0), text))
    ledger.book(entries)


def statement(ledger, name):
    """The account's bookings with the balance after each."""
    lines = []
    balance = 0
    for entry in ledger.history(name):
        balance += entry.cents
        lines.append(f"{entry.text}: {entry.cents / 100:+.2f} = {balance / 100:.2f}")
    return lines
