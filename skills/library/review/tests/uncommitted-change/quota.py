"""How much a user may still store."""

LIMIT = 1_000


def left(used, limit=None):
    limit = limit or LIMIT
    return max(0, limit - used)


def may_store(used, size, limit=None):
    return size < left(used, limit)
