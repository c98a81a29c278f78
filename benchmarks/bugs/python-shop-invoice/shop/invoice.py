"""Collects lines and adds them up."""

from shop.pricing import line_total, percent_of


class Invoice:
    """What one customer buys."""

    def __init__(self, catalog):
        self._catalog = catalog
        self._lines = {}

    def add(self, code, quantity=1):
        """Buy more of a product; the quantities of one product add up."""
        if quantity < 1:
            raise ValueError("quantity must be positive")
        self._catalog.find(code)
        self._lines[code] = self._lines.get(code, 0) + quantity

    def net(self):
        """The sum without tax, in cents."""
        return sum(line_total(self._catalog.find(code), count) for code, count in self._lines.items())

    def taxes(self):
        """The tax in cents for each rate."""
        bases = {}
        for code, count in self._lines.items():
            product = self._catalog.find(code)
            bases[product.tax_percent] = bases.get(product.tax_percent, 0) + line_total(product, count)
        return {rate: percent_of(base, rate) for rate, base in sorted(bases.items())}

    def gross(self):
        return self.net() + sum(self.taxes().values())

    def render(self):
        """The invoice as text."""
        rows = []
        for code, count in self._lines.items():
            product = self._catalog.find(code)
            total = line_total(product, count)
            rows.append(f"{count:>3} {product.name:<10}{total / 100:>9.2f}")
        rows.append(f"{'total':<14}{self.gross() / 100:>9.2f}")
        return "\n".join(rows)
