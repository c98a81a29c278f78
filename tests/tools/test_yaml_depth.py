"""Deep YAML is refused with next to nothing of it looked at, by both of PyYAML's parsers."""

from __future__ import annotations

import io

import pytest
import yaml

from tools.yaml_depth import NestedTooDeeply, shallow_events

LOADERS = [yaml.SafeLoader, pytest.param(getattr(yaml, "CSafeLoader", yaml.SafeLoader), id="C")]


class Watched(io.StringIO):
    """A text that knows how far it was read."""

    furthest = 0

    def read(self, size=-1):
        found = super().read(size)
        self.furthest = self.tell()
        return found


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("deep", ["[", "{a: ", "- ", "? ", "? ["])
def test_it_stops_early(loader, deep):
    text = Watched(deep * 50_000)
    with pytest.raises(NestedTooDeeply) as found:
        list(shallow_events(text, 20, loader))
    assert found.value.line == 1 and found.value.column <= len(deep) * 20 + 1
    assert text.furthest < 50_000


@pytest.mark.parametrize("loader", LOADERS)
def test_what_is_shallow_is_walked_to_its_end(loader):
    text = "- [[a], [b]]\n" * 2_000
    assert sum(isinstance(event, yaml.ScalarEvent) for event in shallow_events(text, 3, loader)) == 4_000
    with pytest.raises(NestedTooDeeply):
        list(shallow_events(text, 2, loader))
