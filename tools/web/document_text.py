"""What a model reads of a document: HTML as Markdown, the text of a PDF, other text as it is."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

from seedsmith.tools.base import ToolContext, ToolError
from seedsmith.tools.text import human_bytes

_LEFT_OUT = ("script", "style", "noscript", "template", "svg", "iframe", "form", "nav", "footer", "aside")
_CHARSET = re.compile(r"charset=[\"']?([\w.-]+)")
_MOST_HTML = 4_000_000
_PDF_SECONDS = 60.0
_MOST_PDF_TEXT = 4_000_000
_PDF = """
import sys
import pypdfium2
pages = pypdfium2.PdfDocument(sys.stdin.buffer.read())
for number in range(min(len(pages), 500)):
    print(f"[page {number + 1} of {len(pages)}]")
    print(pages[number].get_textpage().get_text_range())
"""


async def read(data: bytes, content_type: str, context: ToolContext) -> str:
    """The text of a document; raises :class:`ToolError` for what holds none."""
    import asyncio

    if data.startswith(b"%PDF-"):
        return await _pdf(data, context)
    head = data[:1024].lstrip().lower()
    if "html" in content_type or head.startswith((b"<!doctype html", b"<html")):
        return await asyncio.to_thread(markdown, data[:_MOST_HTML], content_type)
    if b"\0" in data[:4096]:
        kind = content_type.partition(";")[0] or "unknown"
        raise ToolError(f"fetch: the document is no text ({kind}, {human_bytes(len(data))}).")
    return _decoded(data, content_type)


def markdown(data: bytes, content_type: str) -> str:
    """A page's main part as Markdown."""
    from bs4 import BeautifulSoup
    from markdownify import MarkdownConverter

    try:
        page = BeautifulSoup(_decoded(data, content_type), "html.parser")
        title = page.title.get_text(" ", strip=True) if page.title else ""
        for each in page(("title", *_LEFT_OUT)):
            each.decompose()
        main = page.find("main") or page.find("article") or page.body or page
        text = MarkdownConverter(heading_style="ATX", bullets="-").convert_soup(main)
    except RecursionError:
        raise ToolError("fetch: the page is nested too deeply to be read.") from None
    text = re.sub(r"[ \t]+\n", "\n", text)
    text = re.sub(r"\n{3,}", "\n\n", text).strip()
    return f"Title: {title}\n\n{text}" if title else text


def _decoded(data: bytes, content_type: str) -> str:
    named = _CHARSET.search(content_type) or _CHARSET.search(data[:2048].decode("latin-1").lower())
    try:
        return data.decode(named[1] if named else "utf-8", "replace")
    except LookupError:
        return data.decode("utf-8", "replace")


async def _pdf(data: bytes, context: ToolContext) -> str:
    """The text of a PDF, worked out in the sandbox: the file is a stranger's, and its reader native code."""
    processes, policy = context.processes, context.processes.policy
    reader = replace(policy, programs=(*policy.programs, Path(sys.executable)))
    runner = processes.with_policy(reader, processes.environment)
    done = await runner.run(
        (sys.executable, "-I", "-c", _PDF), timeout=_PDF_SECONDS, stdin=data, head_bytes=_MOST_PDF_TEXT
    )
    if not done.ok:
        last = (done.head + done.tail).decode("utf-8", "replace").strip().splitlines()[-1:]
        raise ToolError(f"fetch: the PDF can't be read: {(last or [done.note])[0][:300]}")
    return done.head.decode("utf-8", "replace")
