"""Names for addresses of pages."""


def slug(title, most=20):
    """``title`` in lower case, words joined by hyphens, cut at a word to at most ``most`` characters."""
    words = "".join(c if c.isalnum() else " " for c in title.lower()).split()
    kept = ""
    for word in words:
        longer = f"{kept}-{word}" if kept else word
        if len(longer) > most:
            break
        kept = longer
    return kept
