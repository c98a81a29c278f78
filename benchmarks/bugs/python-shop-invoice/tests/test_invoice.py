import pytest
from shop.catalog import Catalog, Product
from shop.invoice import Invoice
from shop.pricing import percent_of


@pytest.fixture
def invoice():
    return Invoice(Catalog([Product("p", "pen", 150), Product("b", "book", 1000, tax_percent=7)]))


def test_unknown_product(invoice):
    with pytest.raises(KeyError, match="no product x"):
        invoice.add("x")


def test_quantity_is_checked(invoice):
    with pytest.raises(ValueError):
        invoice.add("p", 0)


def test_percent_rounds_half_up():
    assert percent_of(50, 5) == 3


def test_large_orders(invoice):
    invoice.add("p", 60)
    invoice.add("p", 40)
    assert invoice.net() == 12750


def test_taxes_by_rate(invoice):
    invoice.add("b", 2)
    invoice.add("p")
    assert invoice.taxes() == {7: 140, 19: 29}


def test_render(invoice):
    invoice.add("b", 1)
    assert invoice.render().splitlines() == ["  1 book          10.00", "total             10.70"]
