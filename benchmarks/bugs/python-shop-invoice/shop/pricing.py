"""Discounts and taxes."""

# From this many pieces on, this many percent.
VOLUME_DISCOUNTS = ((10, 5), (50, 10), (100, 15))


def percent_of(cents, percent):
    """``percent`` of an amount, rounded to whole cents, half up."""
    return (cents * percent + 50) // 100


def volume_discount(quantity):
    """The discount in percent that ``quantity`` pieces earn."""
    best = 0
    for least, rate in VOLUME_DISCOUNTS:
        if quantity >= least:
            best = rate
        else:
            break
    return best


def line_total(product, quantity):
    """The price of ``quantity`` pieces after discount, without tax."""
    full = product.cents * quantity
    return full - percent_of(full, volume_discount(quantity))
