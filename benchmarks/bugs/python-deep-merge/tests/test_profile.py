from settings.merge import deep_merge, flatten
from settings.profile import Profile


def test_merge_nested():
    assert deep_merge({"a": {"b": 1, "c": 2}}, {"a": {"c": 3}}) == {"a": {"b": 1, "c": 3}}


def test_none_removes():
    assert deep_merge({"a": 1, "b": 2}, {"a": None}) == {"b": 2}


def test_flatten():
    assert flatten({"a": {"b": {"c": 1}}, "d": 2}) == {"a.b.c": 1, "d": 2}


def test_overrides_win():
    profile = Profile("quiet", {"log": {"level": "error"}})
    assert profile.resolve(log={"level": "debug"})["log"] == {"level": "debug"}


def test_profiles_are_independent():
    production = Profile("production", {"server": {"host": "example.org"}})
    debug = Profile("debug", {"log": {"level": "debug"}}, parent=production)
    assert debug.differences() == {"server.host": "example.org", "log.level": "debug"}
    assert production.resolve()["log"]["level"] == "info"
