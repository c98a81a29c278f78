"""Our data classes are those of ``dataclasses`` in all that can be seen; ``__init__`` is made later."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from dataclasses import asdict, field, fields, replace
from typing import Any, ClassVar

import pytest

from seedsmith.sandbox.lazy_dataclass import dataclass


def made(decorator: Any) -> tuple[type[Any], ...]:
    @decorator(frozen=True, slots=True)
    class Point:
        """A place."""

        x: int
        names: list[str] = field(default_factory=list)
        secret: str = field(default="s", repr=False, compare=False)
        fixed: int = field(default=7, init=False)
        fresh: list[int] = field(default_factory=list, init=False)
        kind: ClassVar[str] = "point"

        @property
        def double(self) -> int:
            return 2 * self.x

    @decorator(frozen=True, slots=True, kw_only=True)
    class Named:
        name: str
        value: int = 1

    @decorator(slots=True)
    class Counter:
        count: int = 0

        def __post_init__(self) -> None:
            self.count += 1

    @decorator(frozen=True)
    class Base:
        a: int = 1

    @decorator(frozen=True)
    class Derived(Base):
        b: str = "b"

        def __repr__(self) -> str:
            return "derived"

    @decorator(frozen=True, slots=True)
    class Empty:
        pass

    for each in (Point, Named, Counter, Base, Derived, Empty):
        each.__qualname__ = each.__name__
    return Point, Named, Counter, Base, Derived, Empty


OURS, THEIRS = made(dataclass), made(dataclasses.dataclass)
globals().update({each.__name__: each for each in OURS})  # so that they can be pickled

USES = {
    "represented": lambda p, n, c, b, d, e: [repr(each) for each in (p(1), n(name="a"), c(), b(), d(), e())],
    "compared": lambda p, n, c, b, d, e: [
        p(1) == p(1, secret="t"),
        p(1) == p(2),
        c(1) == c(1),
        b() == d(),
        e() == e(),
        p(1) == 1,
        n(name="a") != n(name="a", value=1),
    ],
    "hashed": lambda p, n, c, b, d, e: [
        len({n(name="a"), n(name="a"), n(name="b")}),
        hash(b()) == hash(b()),
        c.__hash__,
        hash(e()) == hash(e()),
    ],
    "defaults": lambda p, n, c, b, d, e: [
        p(1).names,
        p(1).names is p(1).names,
        p(1, ["a"], "t").secret,
        p(3).fixed,
        p(3).fresh,
        c(4).count,
        (d().a, d(b="c", a=2).b),
    ],
    "of dataclasses": lambda p, n, c, b, d, e: [
        asdict(p(1)),
        [(each.name, each.type, each.init) for each in fields(p)],
        repr(replace(p(1), x=5)),
        repr(replace(n(name="a"), value=3)),
        dataclasses.is_dataclass(d),
    ],
    "matched": lambda p, n, c, b, d, e: [each.__match_args__ for each in (p, n, c, b, d, e)],
    "kept apart": lambda p, n, c, b, d, e: [
        p.__slots__,
        hasattr(p(1), "__dict__"),
        hasattr(b(), "__dict__"),
        p.kind,
        p(2).double,
        p.__doc__,
    ],
    "copied": lambda p, n, c, b, d, e: [
        copy.copy(p(1)) == p(1),
        copy.deepcopy(p(1, ["a"])).names,
        copy.copy(c(2)),
    ],
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_what_can_be_seen_is_the_same(use):
    ours, theirs = use(*OURS), use(*THEIRS)
    assert repr(ours) == repr(theirs)


WRONG = {
    "assigned": lambda p, n, c: setattr(p(1), "x", 2),
    "deleted": lambda p, n, c: delattr(p(1), "x"),
    "missing": lambda p, n, c: p(),
    "unknown": lambda p, n, c: p(1, colour=3),
    "not to be given": lambda p, n, c: p(1, fixed=3),
    "too many": lambda p, n, c: c(1, 2),
    "by place": lambda p, n, c: n("a"),
    "unhashable": lambda p, n, c: hash(c()),
}


@pytest.mark.parametrize("use", WRONG.values(), ids=WRONG)
def test_what_is_refused_is_the_same(use):
    with pytest.raises(Exception) as theirs:
        use(*THEIRS[:3])
    with pytest.raises(theirs.type) as ours:
        use(*OURS[:3])
    if "__init__" in str(theirs.value):
        assert str(ours.value).split(".")[-1] == str(theirs.value).split(".")[-1]
    else:
        assert str(ours.value) == str(theirs.value)


def test_objects_that_are_not_to_be_changed_are_pickled():
    point = OURS[0](1, ["a"], "t")
    assert repr(pickle.loads(pickle.dumps(point))) == repr(point)
    assert pickle.loads(pickle.dumps(point)).secret == "t"


def test_init_is_made_with_the_first_object_and_once():
    @dataclass(frozen=True, slots=True)
    class Late:
        a: int

    waiting = Late.__init__
    Late(1)
    compiled = Late.__init__
    assert compiled is not waiting
    Late(a=2)
    assert Late.__init__ is compiled


def test_an_object_that_holds_itself_is_represented():
    @dataclass(slots=True)
    class Ring:
        next: Any = None

    ring = Ring()
    ring.next = ring
    assert repr(ring).endswith("Ring(next=...)")
