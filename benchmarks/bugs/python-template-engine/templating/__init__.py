"""Text templates with values, loops and conditions."""

from templating.parser import parse


def render(template, **context):
    """Fill in ``template``: ``{{ name.part }}``, ``{% for x in xs %}``, ``{% if name %}``, ``{% end %}``."""
    return parse(template).render(context)


__all__ = ["parse", "render"]
