REGULARS = {"ada"}


def discount(cents, customer):
    if customer in REGULARS and cents >= 1_000:
        return cents // 10
    return 0
