"""Deep YAML is refused with next to nothing of it looked at, by both of PyYAML's parsers."""

from __future__ import annotations

import io

import pytest
import yaml

from seedsmith.tools.content.yaml_depth import NestedTooDeeply, shallow_events

LOADERS = [yaml.SafeLoader, pytest.param(getattr(yaml, "CSafeLoader", yaml.SafeLoader), id="C")]


class Watched(io.StringIO):
    """A text that knows how far it was read."""

    furthest = 0

    def read(self, size=-1):
        found = super().read(size)
        self.furthest = self.tell()
        return found


DEEP = pytest.mark.parametrize("deep", ["[", "{a: ", "- ", "? ", "? ["])


@pytest.mark.parametrize("loader", LOADERS)
@DEEP
def test_the_place_is_told_whatever_depth_the_parser_stops_at_by_itself(loader, deep):
    with pytest.raises(NestedTooDeeply) as found:
        list(shallow_events(deep * 50_000, 20, loader))
    assert found.value.line == 1 and found.value.column <= len(deep) * 20 + 1


@pytest.mark.parametrize("loader", LOADERS)
@DEEP
def test_it_stops_early(loader, deep):
    text = Watched(deep * 50_000)
    with pytest.raises((NestedTooDeeply, yaml.YAMLError)):
        list(shallow_events(text, 20, loader))
    assert text.furthest < 50_000


@pytest.mark.slow
@pytest.mark.parametrize("loader", LOADERS)
def test_what_a_parser_only_finds_too_deep_for_itself_is_walked_as_far_as_asked(loader):
    text = "first: [x]\nsecond: " + "[" * 1_200
    told = []
    with pytest.raises(NestedTooDeeply) as found:
        for event in shallow_events(text, 1_100, loader):
            told.append(type(event).__name__)
    assert found.value.line == 2
    assert told[:7] == ["StreamStartEvent", "DocumentStartEvent", "MappingStartEvent", "ScalarEvent"] + [
        "SequenceStartEvent",
        "ScalarEvent",
        "SequenceEndEvent",
    ]
    assert told.count("SequenceStartEvent") == 1_100


@pytest.mark.parametrize("loader", LOADERS)
def test_what_is_shallow_is_walked_to_its_end(loader):
    text = "- [[a], [b]]\n" * 2_000
    assert sum(isinstance(event, yaml.ScalarEvent) for event in shallow_events(text, 3, loader)) == 4_000
    with pytest.raises(NestedTooDeeply):
        list(shallow_events(text, 2, loader))
