"""What an editor sends with a prompt: words, files it names, files it quotes, and pictures."""

from __future__ import annotations

import base64
import binascii
import mimetypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from acp.schema import (
    AudioContentBlock,
    EmbeddedResourceContentBlock,
    ImageContentBlock,
    ResourceContentBlock,
    TextContentBlock,
    TextResourceContents,
)

from seedsmith.agent.errors import UsageError
from seedsmith.sandbox.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class PromptContent:
    """A prompt as a run takes it."""

    typed: str
    """What the person wrote, the files they named in it by their paths."""
    quoted: str
    """Files that the editor quotes, which nobody typed; '' where it quotes none."""
    pictures: tuple[Path, ...] = ()

    @property
    def text(self) -> str:
        """All that the model reads."""
        return self.typed + self.quoted


def read_prompt(blocks: Sequence[Any], folder: Path) -> PromptContent:
    """The prompt that ``blocks`` are; pictures are written to ``folder``.

    Raises :class:`UsageError` for what can't be taken.
    """
    typed: list[str] = []
    quoted: list[str] = []
    pictures: list[Path] = []
    for block in blocks:
        match block:
            case TextContentBlock(text=text):
                typed.append(text)
            case ResourceContentBlock(uri=uri):
                typed.append(_named(uri))
            case EmbeddedResourceContentBlock(resource=TextResourceContents(uri=uri, text=text)):
                typed.append(_named(uri))
                quoted.append(f'\n\n<file path="{_named(uri)}">\n{text}\n</file>')
            case ImageContentBlock(data=data, mime_type=mime_type):
                pictures.append(_written(data, mime_type, folder / f"picture-{len(pictures) + 1}"))
            case AudioContentBlock():
                raise UsageError("Sound can't be given to the model: leave it out.")
            case _:
                raise UsageError("A file that is no text can't be quoted: name it by its path.")
    return PromptContent("".join(typed), "".join(quoted), tuple(pictures))


def _named(uri: str) -> str:
    """A file's path, or an address as it stands."""
    parts = urlsplit(uri)
    if parts.scheme != "file":
        return uri
    lines = f":{parts.fragment.removeprefix('L')}" if parts.fragment else ""
    return unquote(parts.path) + lines


def _written(data: str, mime_type: str, path: Path) -> Path:
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise UsageError("A picture of the prompt is not base64.") from None
    path = path.with_suffix(mimetypes.guess_extension(mime_type) or ".png")
    path.write_bytes(content)
    return path
