"""What can be bought. Prices are in cents."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Product:
    code: str
    name: str
    cents: int
    tax_percent: int = 19


class Catalog:
    """Products by code."""

    def __init__(self, products=()):
        self._products = {product.code: product for product in products}

    def find(self, code):
        if code not in self._products:
            raise KeyError(f"no product {code}")
        return self._products[code]
