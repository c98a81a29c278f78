from quota import left, may_store


def upload(user, data):
    if not may_store(user["used"], len(data)):
        raise ValueError(f"only {left(user['used'])} bytes are left")
    user["used"] += len(data)
    return user["used"]
