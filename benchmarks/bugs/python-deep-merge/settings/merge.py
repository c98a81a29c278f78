"""Joins nested dictionaries."""


def copy_tree(value):
    """Copy dictionaries and lists, however deep; other values are shared."""
    if isinstance(value, dict):
        return {key: copy_tree(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copy_tree(item) for item in value]
    return value


def deep_merge(base, extra):
    """A new dictionary with ``extra`` laid over ``base``; None in ``extra`` removes a key."""
    merged = copy_tree(base)
    for key, value in extra.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = deep_merge(merged[key], value)
        else:
            merged[key] = copy_tree(value)
    return merged


def flatten(tree, prefix=""):
    """``{"a": {"b": 1}}`` as ``{"a.b": 1}``."""
    flat = {}
    for key, value in tree.items():
        path = f"{prefix}{key}"
        if isinstance(value, dict):
            flat.update(flatten(value, path + "."))
        else:
            flat[path] = value
    return flat
