"""Pure operations on POSIX paths; nothing here looks at a disk."""


def split(path):
    """Return whether ``path`` is absolute, and its names without empty ones and dots."""
    names = [name for name in path.split("/") if name not in ("", ".")]
    return path.startswith("/"), names


def normalise(path):
    """Resolve ``.``, ``..`` and doubled slashes; above the root there is only the root."""
    absolute, names = split(path)
    kept = []
    for name in names:
        if name != "..":
            kept.append(name)
        elif kept and kept[-1] != "..":
            kept.pop()
        elif not absolute:
            kept.append("..")
    text = "/".join(kept)
    if absolute:
        return "/" + text
    return text or "."


def join(base, *parts):
    """Join paths; an absolute part starts afresh."""
    path = base
    for part in parts:
        path = part if part.startswith("/") else f"{path}/{part}"
    return normalise(path)


def relative(path, start):
    """How to get from ``start`` to ``path``; both absolute or both relative."""
    absolute, names = split(normalise(path))
    start_absolute, start_names = split(normalise(start))
    if absolute != start_absolute:
        raise ValueError("one path is absolute, the other is not")
    common = 0
    for left, right in zip(names, start_names, strict=False):
        if left != right:
            break
        common += 1
    steps = [".."] * (len(start_names) - common) + names[common:]
    return "/".join(steps) or "."


def is_inside(path, folder):
    """Whether ``path`` is ``folder`` or lies below it."""
    steps = relative(path, folder)
    return steps != ".." and not steps.startswith("../")


def split_extension(path):
    """Split ``a/b.tar`` into ``a/b`` and ``.tar``; a leading dot is no extension."""
    folder, slash, name = path.rpartition("/")
    stem, dot, extension = name.rpartition(".")
    if not dot or not stem.strip("."):
        return path, ""
    return folder + slash + stem, "." + extension
