_CACHE = {}


def load(customer):
    if customer not in _CACHE:
        _CACHE[customer] = [{"cents": 700}, {"cents": 500}]
    return _CACHE[customer]
