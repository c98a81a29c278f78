"""What a parcel costs, in cents."""


def zone(country):
    return {"CN": 1, "JP": 2, "KR": 2}.get(country, 3)


def surcharge(weight, fragile):
    cents = 0
    if weight > 20_000:
        cents += 900
    if fragile:
        cents += 150
    return cents


def price(weight, country="CN", fragile=False):
    cents = 500 * zone(country)
    if country != "CN" and weight > 1_000:
        cents += weight // 1_000 * 200  # for each kilogram begun after the first
    return cents + surcharge(weight, fragile)
