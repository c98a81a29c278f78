from rules import discount
from store import load


def total(customer):
    basket = load(customer)
    cents = sum(item["cents"] for item in basket)
    return cents - discount(cents, customer)
