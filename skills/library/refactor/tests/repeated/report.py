"""Figures of a shop for people to read."""


def daily(sales):
    total = 0
    for sale in sales:
        total += sale["count"] * sale["cents"]
    return f"Today: {total / 100:.2f}"


def monthly(days):
    lines = []
    for name, sales in days:
        total = 0
        for sale in sales:
            total += sale["count"] * sale["cents"]
        lines.append(f"{name}: {total / 100:.2f}")
    return "\n".join(lines)
