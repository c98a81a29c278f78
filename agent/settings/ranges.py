"""What a numeric or boolean setting should be, in words."""

from __future__ import annotations

from types import NoneType
from typing import get_args

from annotated_types import Ge, Gt, Le
from pydantic.fields import FieldInfo

TRUTH = "true or false"


def wanted(field: FieldInfo) -> str:
    """What the setting should be, in words with its range; '' where its own check says it."""
    kinds = set(get_args(field.annotation) or (field.annotation,)) - {NoneType}
    if kinds == {bool}:
        return TRUTH
    if not kinds <= {int, float}:
        return ""
    noun = "a whole number" if int in kinds else "a number"
    bounds = {type(mark): mark for mark in field.metadata if isinstance(mark, Ge | Gt | Le)}
    match bounds.get(Ge), bounds.get(Le), bounds.get(Gt):
        case Ge(ge=low), Le(le=high), None:
            return f"{noun} from {low} to {high}"
        case Ge(ge=low), None, None:
            return f"{noun}, at least {low}"
        case None, None, Gt(gt=low):
            return f"{noun} above {low}"
        case _:
            return noun
