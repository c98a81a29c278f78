"""The view_image tool: shows the model a picture of the workspace."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from seedsmith.sandbox.errors import FileTooLarge, PathNotFound
from seedsmith.tools.base import Access, ToolContext, ToolError, ToolResult
from seedsmith.tools.content.loading import in_thread, reads
from seedsmith.tools.content.naming import not_found, resolved
from seedsmith.tools.pydantic_tool import Parameters, PathText, PydanticTool
from seedsmith.tools.text import shown_path


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
        return reads(parsed.path)

    async def run(self, parsed: ViewImageParameters, context: ToolContext) -> ToolResult:
        """Decode the file off the event loop; the picture itself goes along with the result."""
        return await in_thread(lambda: _view(parsed, context))


def _view(parsed: ViewImageParameters, context: ToolContext) -> ToolResult:
    from seedsmith.tools.images.images import MAX_FILE_BYTES, prepare_image, too_large

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
    prepared = prepare_image(data, path, parsed.detail or "")
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
