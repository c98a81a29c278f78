import sys

sys.path.insert(0, "site")

import tinycsv


def prices(text):
    return {name: int(cents) for name, cents in tinycsv.rows(text)}
