"""One field of a schedule: the set of numbers it allows."""


class FieldError(ValueError):
    """A field cannot be read."""


LIMITS = {
    "minute": (0, 59),
    "hour": (0, 23),
    "day": (1, 31),
    "month": (1, 12),
    "weekday": (0, 6),
}


def parse_number(text, name):
    low, high = LIMITS[name]
    if not text.isdigit() or not low <= int(text) <= high:
        raise FieldError(f"{name}: {text!r} is not between {low} and {high}")
    return int(text)


def parse_part(text, name):
    """The numbers of ``*``, ``5``, ``1-5``, ``*/15`` or ``10-40/5``."""
    span, slash, step_text = text.partition("/")
    if slash and not (step_text.isdigit() and int(step_text)):
        raise FieldError(f"{name}: bad step {step_text!r}")
    step = int(step_text) if slash else 1
    if span == "*":
        first, last = LIMITS[name]
    elif "-" in span:
        first, last = (parse_number(end, name) for end in span.split("-", 1))
    else:
        first = parse_number(span, name)
        last = LIMITS[name][1] if slash else first
    if first > last:
        raise FieldError(f"{name}: {span} runs backwards")
    return set(range(first, last + 1, step))


def parse_field(text, name):
    """The numbers of a comma separated list of parts."""
    numbers = set()
    for part in text.split(","):
        numbers |= parse_part(part, name)
    return numbers
