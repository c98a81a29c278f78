"""How much a user may still store."""

LIMIT = 1_000


def left(used, limit=LIMIT):
    return max(0, limit - used)


def may_store(used, size):
    return size <= left(used)
