"""The view_image tool: shows the model a picture of the workspace."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field

from seedsmith.sandbox.errors import FileTooLarge, PathNotFound
from seedsmith.tools.base import Access, ToolContext, ToolError, ToolResult
from seedsmith.tools.content.file_lookup import not_found, resolved
from seedsmith.tools.content.loading import in_thread, reads
from seedsmith.tools.pydantic_tool import Parameters, PathText, PydanticTool
from seedsmith.tools.text import shown_path

_PAGE = re.compile(r"(.+\.pdf)#(\d{1,6})", re.IGNORECASE | re.DOTALL)
"""A page of a PDF, as read names it."""


class ViewImageParameters(Parameters):
    """Which picture, and how closely."""

    path: PathText = Field(min_length=1)
    detail: Literal["low", "high"] | None = None


class ViewImageTool(PydanticTool[ViewImageParameters]):
    """Shows pictures, scaled down to what services take."""

    name = "view_image"
    description = "Look at a PNG, JPEG, WebP, GIF or BMP file."
    parameters = ViewImageParameters

    def access(self, parsed: ViewImageParameters) -> Access:
        """The file."""
        page = _PAGE.fullmatch(parsed.path)
        return reads(page[1] if page else parsed.path)

    async def run(self, parsed: ViewImageParameters, context: ToolContext) -> ToolResult:
        """Decode the file off the event loop; the picture itself goes along with the result."""
        page = _PAGE.fullmatch(parsed.path)
        if page is None:
            return await in_thread(lambda: _view(parsed, context))
        from seedsmith.tools.documents.documents import page_picture

        path = resolved(context.workspace, page[1])
        if not context.workspace.exists(path):
            raise not_found(context.workspace, page[1])
        data = await page_picture(path, int(page[2]), context)
        return await in_thread(lambda: _shown(data, f"{path}#{page[2]}", parsed.detail or ""))


def _view(parsed: ViewImageParameters, context: ToolContext) -> ToolResult:
    from seedsmith.tools.images.images import MAX_FILE_BYTES, too_large

    path = resolved(context.workspace, parsed.path)
    try:
        found = context.workspace.stat(path)
        if found.kind == "folder":
            raise ToolError(f"{shown_path(path)} is a folder; name a picture in it.")
        data = context.workspace.read_bytes(path, cap=MAX_FILE_BYTES)
    except PathNotFound:
        raise not_found(context.workspace, parsed.path) from None
    except FileTooLarge:
        raise too_large(path, found.size) from None
    return _shown(data, path, parsed.detail or "")


def _shown(data: bytes, path: str, detail: str) -> ToolResult:
    """The picture ``data``, which was found at ``path``."""
    from seedsmith.tools.images.images import prepare_image

    prepared = prepare_image(data, path, detail)
    text = f"{shown_path(path)}: {prepared.describe()}."
    shown = {
        "path": path,
        "width": prepared.width,
        "height": prepared.height,
        "sent_width": prepared.sent_width,
        "sent_height": prepared.sent_height,
        "bytes": len(prepared.image.data),
    }
    return ToolResult(True, text, shown, text.rstrip("."), images=(prepared.image,))
