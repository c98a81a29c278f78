"""``dataclasses.dataclass`` for a program that starts often: it defines hundreds of classes and uses few.

Python compiles six functions for each frozen class where it is defined: half a millisecond together, and a
quarter of what the imports of a run take. Here ``__init__`` alone is compiled, when the first object is made;
the other methods are the same few functions for every class. The fields, and what is made of them, stay those
of ``dataclasses``.
"""

from __future__ import annotations

import dataclasses
import reprlib
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

Class = TypeVar("Class", bound=type)


def _lazy(*, frozen: bool = False, slots: bool = False, kw_only: bool = False) -> Callable[[Class], Class]:
    """As ``dataclasses.dataclass`` with these arguments; what a class defines itself stays."""

    plain = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots, kw_only=kw_only)

    def decorate(defined: Class) -> Class:
        defined.__doc__ = defined.__doc__ or defined.__name__  # else its signature is worked out
        made: Any = plain(defined)
        for name, method in _methods(made, frozen=frozen).items():
            if defined.__dict__.get(name) is None:
                setattr(made, name, method)
        finished: Class = made
        return finished

    return decorate


def _methods(made: type[Any], *, frozen: bool) -> dict[str, Any]:
    """The methods of a class by their names."""
    fields = dataclasses.fields(made)
    compared = _values_of([each.name for each in fields if each.compare])
    shown = [each.name for each in fields if each.repr]

    def init(self: Any, *arguments: Any, **named: Any) -> None:
        compiled = _compiled_init(made)
        setattr(made, "__init__", compiled)  # noqa: B010
        compiled(self, *arguments, **named)

    @reprlib.recursive_repr()
    def represent(self: Any) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{self.__class__.__qualname__}({values})"

    def equal(self: Any, other: object) -> bool:
        return compared(self) == compared(other) if other.__class__ is self.__class__ else NotImplemented

    methods = {"__init__": init, "__repr__": represent, "__eq__": equal, "__hash__": None}
    return methods | (_frozen_methods(made, [each.name for each in fields], compared) if frozen else {})


def _frozen_methods(made: type[Any], names: list[str], compared: Callable[[Any], Any]) -> dict[str, Any]:
    """The methods that a class has besides, whose objects are not to be changed."""

    def digest(self: Any) -> int:
        return hash(compared(self))

    def refuse(self: Any, name: str, *value: Any) -> None:
        if type(self) is made or name in names:
            raise dataclasses.FrozenInstanceError(
                f"cannot {'assign to' if value else 'delete'} field {name!r}"
            )
        (super(made, self).__setattr__ if value else super(made, self).__delattr__)(name, *value)

    def state(self: Any) -> list[Any]:
        return [getattr(self, name) for name in names]

    def take_state(self: Any, values: list[Any]) -> None:
        for name, value in zip(names, values, strict=True):
            object.__setattr__(self, name, value)

    changing = {"__hash__": digest, "__setattr__": refuse, "__delattr__": refuse}
    return changing | {"__getstate__": state, "__setstate__": take_state}


def _compiled_init(made: type[Any]) -> Callable[..., None]:
    """The ``__init__`` that takes the fields of ``made``, as ``dataclasses`` would write it."""
    known: dict[str, Any] = {"_set": object.__setattr__, "_absent": dataclasses.MISSING}
    parameters: dict[bool, list[str]] = {False: [], True: ["*"]}
    lines: list[str] = []
    for each in dataclasses.fields(made):
        name = value = each.name
        parameter = name
        if each.default_factory is not dataclasses.MISSING:
            known[f"_make_{name}"] = each.default_factory
            parameter += "=_absent"
            value = f"_make_{name}() if {name} is _absent else {name}" if each.init else f"_make_{name}()"
        elif each.default is not dataclasses.MISSING:
            known[f"_default_{name}"] = each.default
            parameter += f"=_default_{name}"
            value = name if each.init else f"_default_{name}"
        if each.init:
            parameters[each.kw_only is True].append(parameter)
        if each.init or value != name:
            lines.append(f"_set(self, {name!r}, {value})")
    if hasattr(made, "__post_init__"):
        lines.append("self.__post_init__()")
    by_name = parameters[True] if len(parameters[True]) > 1 else []
    head = ", ".join(["self", *parameters[False], *by_name])
    exec(f"def __init__({head}):\n " + "\n ".join(lines or ["pass"]), known)  # noqa: S102
    init: Callable[..., None] = known["__init__"]
    init.__qualname__ = f"{made.__qualname__}.__init__"
    return init


def _values_of(names: list[str]) -> Callable[[Any], Any]:
    """A function that returns what an object has under ``names``, as a tuple."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda thing: tuple(getattr(thing, name) for name in names)


if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:
    dataclass = _lazy
