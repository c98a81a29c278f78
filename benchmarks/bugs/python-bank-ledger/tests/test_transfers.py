import pytest
from bank.ledger import Entry, Ledger, LedgerError
from bank.transfers import share, statement, transfer


@pytest.fixture
def ledger():
    ledger = Ledger()
    ledger.open("world", limit=1_000_000)
    for name in ("ann", "bob", "cat"):
        ledger.open(name)
    transfer(ledger, "world", "ann", 1000, "salary")
    return ledger


def test_transfer(ledger):
    transfer(ledger, "ann", "bob", 300)
    assert (ledger.balance("ann"), ledger.balance("bob")) == (700, 300)
    assert ledger.total() == 0


def test_everything_can_be_spent(ledger):
    transfer(ledger, "ann", "bob", 1000)
    assert ledger.balance("ann") == 0


def test_refused_transfer_leaves_no_trace(ledger):
    with pytest.raises(LedgerError, match="not enough"):
        transfer(ledger, "bob", "ann", 1)
    assert statement(ledger, "bob") == []
    assert ledger.balance("ann") == 1000


def test_entries_must_balance(ledger):
    with pytest.raises(LedgerError, match="balance"):
        ledger.book([Entry("ann", 5, "gift")])


def test_share(ledger):
    share(ledger, "ann", ["bob", "cat", "world"], 100)
    assert ledger.balance("bob") == 34
    assert ledger.balance("cat") == 33


def test_statement(ledger):
    transfer(ledger, "ann", "bob", 250, "rent")
    assert statement(ledger, "ann") == ["salary: +10.00 = 10.00", "rent: -2.50 = 7.50"]
