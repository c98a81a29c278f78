"""Turns template text into nodes."""

import re

from templating.nodes import Block, Condition, Loop, TemplateError, Text, Value

_TAG = re.compile(r"\{\{\s*(.*?)\s*\}\}|\{%\s*(.*?)\s*%\}")


def open_block(words):
    """The node that a tag begins, or an error."""
    match words:
        case ["for", name, "in", path]:
            return Loop(name, path)
        case ["if", "not", path]:
            return Condition(path, negated=True)
        case ["if", path]:
            return Condition(path, negated=False)
    raise TemplateError(f"unknown tag: {' '.join(words)}")


def parse(template):
    """Return the block of nodes of ``template``."""
    root = Block()
    blocks = [root]
    position = 0
    for match in _TAG.finditer(template):
        if match.start() > position:
            blocks[-1].nodes.append(Text(template[position : match.start()]))
        position = match.end()
        path, tag = match.groups()
        if path is not None:
            blocks[-1].nodes.append(Value(path))
        elif tag == "end":
            if len(blocks) == 1:
                raise TemplateError("end without a block")
            blocks.pop()
        else:
            node = open_block(tag.split())
            blocks[-1].nodes.append(node)
            blocks.append(node.body)
    if len(blocks) > 1:
        raise TemplateError("a block is never ended")
    blocks[-1].nodes.append(Text(template[position:]))
    return root
