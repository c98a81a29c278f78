"""Chinese sentences have full-width punctuation: writes it into the catalogue, where half-width was typed.

``python tests/support/full_width.py`` mends ``agent/frontends/languages/zh.yaml``.
"""

from __future__ import annotations

import re
from pathlib import Path

CATALOGUE = Path(__file__).parents[2] / "agent/frontends/languages/zh.yaml"
FULL = {half: chr(ord(half) + 0xFEE0) for half in ",:;?!()"}
_KEPT = re.compile(
    r"`[^`]*`|'[ -&(-~]*'|\{\w*[*#]?(?::[^}]*)?\}|[a-z0-9]+://(?:主机:端口|[a-z0-9./]+)"
    r"|\d,\d|(?<= )\?(?= )|主机\[:端口\],\.\.\.|服务器:工具|文件:行(?::列)?|[A-Z]+:[A-Z]+|键: 值|^!"
)
"""Places of values, commands, addresses: what stands in them is the same in any language."""
_CHINESE = re.compile("[\u4e00-\u9fff]")
_VALUE = re.compile(r'( +(?:"(?:[^"\\]|\\.)*"|[\w.-]+): |    )(.*)', re.DOTALL)


def full_width(sentence: str) -> str:
    """``sentence`` with full-width punctuation, where it is Chinese, and no blank beside it."""
    if not _CHINESE.search(sentence):
        return sentence
    told, end = "", 0
    for kept in _KEPT.finditer(sentence):
        told += _widened(sentence[end : kept.start()]) + kept[0]
        end = kept.end()
    return told + _widened(sentence[end:])


def _widened(text: str) -> str:
    return re.sub(r"[,:;?!()]", lambda mark: FULL[mark[0]], text)


def full_width_line(line: str) -> str:
    """A line of the catalogue, its Chinese with full-width punctuation."""
    value = None if line.lstrip().startswith("#") else _VALUE.fullmatch(line)
    return value[1] + full_width(value[2]) if value else line


if __name__ == "__main__":
    lines = CATALOGUE.read_text(encoding="utf-8").split("\n")
    CATALOGUE.write_text("\n".join(map(full_width_line, lines)), encoding="utf-8")
