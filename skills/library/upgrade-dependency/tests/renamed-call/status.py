import sys

sys.path.insert(0, "vendor")

import colorbox


def status(ok):
    return colorbox.paint("green", "fine") if ok else colorbox.paint("red", "broken")
