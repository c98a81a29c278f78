"""What a parsed template is made of."""


class TemplateError(ValueError):
    """The template or its values do not fit."""


def lookup(path, context):
    """Find ``a.b.c`` in ``context``; dictionaries by key, everything else by attribute."""
    first, *rest = path.split(".")
    if first not in context:
        raise TemplateError(f"unknown name {first}")
    value = context[first]
    for part in rest:
        value = value[part] if isinstance(value, dict) else getattr(value, part)
    return value


class Text:
    def __init__(self, text):
        self.text = text

    def render(self, context):
        return self.text


class Value:
    def __init__(self, path):
        self.path = path

    def render(self, context):
        return str(lookup(self.path, context))


class Block:
    """A list of nodes, one after the other."""

    def __init__(self, nodes=None):
        self.nodes = nodes if nodes is not None else []

    def render(self, context):
        return "".join(node.render(context) for node in self.nodes)


class Loop:
    """Renders its body for each item; the name belongs to the body alone."""

    def __init__(self, name, path):
        self.name = name
        self.path = path
        self.body = Block()

    def render(self, context):
        inner = dict(context)
        parts = []
        for index, item in enumerate(lookup(self.path, context), start=1):
            inner[self.name] = item
            inner["index"] = index
            parts.append(self.body.render(inner))
        return "".join(parts)


class Condition:
    def __init__(self, path, negated):
        self.path = path
        self.negated = negated
        self.body = Block()

    def render(self, context):
        if bool(lookup(self.path, context)) == self.negated:
            return ""
        return self.body.render(context)
