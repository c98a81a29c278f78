"""Double-entry book-keeping in cents."""

from dataclasses import dataclass, field


class LedgerError(ValueError):
    """A booking is not allowed."""


@dataclass(frozen=True)
class Entry:
    account: str
    cents: int
    text: str


@dataclass
class Account:
    name: str
    limit: int = 0
    balance: int = 0
    history: list = field(default_factory=list)


class Ledger:
    """Books groups of entries whose sum is zero, each group whole or not at all."""

    def __init__(self):
        self._accounts = {}

    def open(self, name, limit=0):
        """Open an account that may go down to ``-limit``."""
        if name in self._accounts:
            raise LedgerError(f"account {name} exists")
        self._accounts[name] = Account(name, limit)

    def balance(self, name):
        return self._accounts[name].balance

    def history(self, name):
        return list(self._accounts[name].history)

    def _check(self, entries):
        if sum(entry.cents for entry in entries) != 0:
            raise LedgerError("entries do not balance")
        changes = {}
        for entry in entries:
            if entry.account not in self._accounts:
                raise LedgerError(f"no account {entry.account}")
            changes[entry.account] = changes.get(entry.account, 0) + entry.cents
        for name, change in changes.items():
            account = self._accounts[name]
            if change < 0 and account.balance + change < -account.limit:
                raise LedgerError(f"{name} has not enough money")

    def book(self, entries):
        """Book ``entries``; raises :class:`LedgerError` and changes nothing where they are not allowed."""
        entries = list(entries)
        self._check(entries)
        for entry in entries:
            account = self._accounts[entry.account]
            account.balance += entry.cents
            account.history.append(entry)

    def total(self):
        """The sum of all balances; always zero."""
        return sum(account.balance for account in self._accounts.values())
