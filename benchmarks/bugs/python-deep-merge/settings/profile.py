"""Named profiles on top of common defaults."""

from settings.merge import deep_merge, flatten

DEFAULTS = {
    "server": {"host": "localhost", "port": 8000, "tags": ["web"]},
    "log": {"level": "info"},
}


class Profile:
    """The defaults, a profile's own values, and what a caller overrides."""

    def __init__(self, name, values, parent=None):
        self.name = name
        self.values = values
        self.parent = parent

    def resolve(self, **overrides):
        """The settings of this profile as nested dictionaries."""
        below = self.parent.resolve() if self.parent else DEFAULTS
        return deep_merge(deep_merge(below, self.values), overrides)

    def differences(self):
        """Flat settings in which this profile differs from the defaults."""
        before = flatten(DEFAULTS)
        after = flatten(self.resolve())
        return {key: value for key, value in after.items() if before.get(key) != value}
