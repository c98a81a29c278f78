"""Where a small model nearly wrote something else: the beginnings of its likeliest other lines.

A model often copies the line it is told is wrong, and was in doubt at just the token that is. Gone on from
the token it thought next likeliest there, it writes the right line more often than in as many samples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

TOLD = 5
"""So many tokens are asked for at each place, the one that was written among them."""
_PART_OF_A_CHARACTER = "\N{REPLACEMENT CHARACTER}"


def other_beginnings(logprobs: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the answer would begin with, had one of its tokens been another; the likelier token first.

    ``logprobs`` are the service's (docs/model-service.md, "The local model"): each token of the answer, and
    the likeliest ones in its place with the natural logarithms of their likelihoods.
    """
    found: list[tuple[float, str]] = []
    before = ""
    for each in logprobs:
        token = str(each["token"])
        for other in each.get("top_logprobs") or ():
            if _differs(str(other["token"]), token):
                found.append((-float(other["logprob"]), before + str(other["token"])))
        before += token
    return [beginning for _, beginning in sorted(found) if _PART_OF_A_CHARACTER not in beginning]


def _differs(token: str, written: str) -> bool:
    """Whether it changes what stands in one line."""
    return "\n" not in token and token.strip() != written.strip()
