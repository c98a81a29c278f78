"""An answer's Markdown laid out for a terminal, close: code and lists bring no blank lines of their own.

It loads what highlights code: imported where an answer is shown.
"""

from __future__ import annotations

from typing import ClassVar

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, Markdown, MarkdownElement
from rich.segment import SegmentLines
from rich.syntax import Syntax


class _Code(CodeBlock):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        code = str(self.text).rstrip()
        yield Syntax(code, self.lexer_name, theme=self.theme, word_wrap=True, padding=(0, 1))


class _Answer(Markdown):
    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "fence": _Code,
        "code_block": _Code,
    }


def laid_out(console: Console, text: str) -> SegmentLines:
    """``text``, Markdown, as ``console`` prints it, from the first to the last line that shows something."""
    lines = console.render_lines(_Answer(text, hyperlinks=False), pad=False)
    shown = [place for place, line in enumerate(lines) if any(part.text.strip() for part in line)]
    return SegmentLines(lines[shown[0] : shown[-1] + 1] if shown else [], new_lines=True)
