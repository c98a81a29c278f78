from mail.address import check_addr


def send(to, text):
    if not check_addr(to):
        raise ValueError(f"no address: {to} ({check_addr.__name__})")
    return f"{to}: {text}"
