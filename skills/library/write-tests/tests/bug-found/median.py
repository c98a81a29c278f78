"""Statistics."""


def mean(numbers):
    return sum(numbers) / len(numbers)


def median(numbers):
    """The middle of ``numbers``, of an even count the mean of both; ValueError where there is none."""
    if not numbers:
        raise ValueError("no numbers")
    ordered = sorted(numbers)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) // 2
