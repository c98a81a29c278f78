"""Images that go with the prompt: named by ``--image``, or by a path in the prompt itself."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from seedsmith.agent.context.prompts import prompt as prompt_text
from seedsmith.agent.conversation import UserMessage
from seedsmith.agent.errors import UsageError
from seedsmith.agent.events import NoticeGiven
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.workspace.paths import shown
from seedsmith.tools.base import Image
from seedsmith.tools.text import human_bytes

if TYPE_CHECKING:
    from seedsmith.agent.sessions.session import Session
    from seedsmith.tools.images.images import Prepared

MAX_TOTAL_BYTES = 36_000_000
"""For all images of a message together: this is 48 MB in base64, and a request must stay below 64 MB."""


class Seer(Protocol):
    """The part of a model that is needed here: its name, and whether it accepts images."""

    @property
    def provider(self) -> str:
        """E.g. ``wcode``."""

    @property
    def name(self) -> str:
        """The model's name there."""

    @property
    def vision(self) -> bool:
        """Whether it takes pictures."""


@dataclass(frozen=True, slots=True)
class Attached:
    """The images that go with a prompt, and the notices about them."""

    images: tuple[Image, ...] = ()
    notices: tuple[NoticeGiven, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """Where the pictures are, absolute."""
        return tuple(str(Path.cwd() / Path(image.name).expanduser()) for image in self.images)

    def beside(self, text: str) -> str:
        """``text`` with the images' names, since the request has no field for them."""
        if not self.images:
            return text
        names = ", ".join(shown(image.name) for image in self.images)
        return f"{text}\n\n{prompt_text('images.md', names=names).strip()}"


async def attach(
    named: Sequence[Path],
    prompt: str,
    typed: bool,
    resumed: Session | None,
    workspace: Path,
    model: Seer,
) -> Attached:
    """Make the pictures that go with ``prompt`` ready to be sent to ``model``, in order and each once.

    ``named`` are the user's explicit wish: what can't be shown raises :class:`UsageError`. Where a person
    ``typed`` the prompt, paths of pictures in it count too: what can't be shown stays text, with a notice.
    ``resumed`` is the session that goes on, if one does: one with pictures needs a model that sees, and one
    that was stopped before its prompt was sent brings that prompt's pictures.
    """
    history = resumed.conversation.items if resumed else ()
    if resumed and not history and not prompt:
        named = named or [Path(path) for path in resumed.start.images]
    who = f"{model.provider}/{model.name}"
    if history and named and not prompt:
        raise UsageError("--image goes with a prompt: say what to do with the picture.")
    pasted: list[Path] = []
    if typed:
        from seedsmith.agent.context.image_paths import pasted_images

        pasted = pasted_images(prompt)
    if model.vision:
        if not named and not pasted:
            return Attached()
        return await asyncio.to_thread(_attach, named, pasted, workspace)
    if named:
        raise UsageError(
            f"{who} takes no pictures, so {shown(str(named[0]))} can't be shown to it: "
            f"leave it out, or use a model that sees, e.g. {_models_that_see()}."
        )
    if any(isinstance(item, UserMessage) and item.images for item in history):
        raise UsageError(
            f"The session holds pictures, and {who} takes none: "
            f"go on with a model that sees, e.g. {_models_that_see()}."
        )
    return Attached(notices=tuple(_left(path, f"{who} takes no pictures") for path in pasted))


def _attach(named: Sequence[Path], pasted: Sequence[Path], workspace: Path) -> Attached:
    from seedsmith.tools.images.images import ImageError, prepare_image

    images: list[Image] = []
    notices: list[NoticeGiven] = []
    known: set[Path] = set()
    total = 0
    for path, asked in (*((path, True) for path in named), *((path, False) for path in pasted)):
        try:
            data = _read(path)
            real = path.expanduser().resolve()
            if real in known:
                continue
            known.add(real)
            if not asked and _leads_out(path, workspace):
                raise ImageError("it is a link out of the workspace (--image attaches it)")
            prepared = prepare_image(data, str(path))
            if total + len(prepared.image.data) > MAX_TOTAL_BYTES:
                raise ImageError(
                    f"{shown(str(path))} would make it more than {human_bytes(MAX_TOTAL_BYTES)} of pictures "
                    "in one message: show fewer, or smaller ones."
                )
        except ImageError as error:
            if asked:
                raise UsageError(str(error)) from None
            notices.append(_left(path, str(error).rstrip(".")))
            continue
        total += len(prepared.image.data)
        images.append(prepared.image)
        notices.append(_attached(path, prepared, asked))
    return Attached(tuple(images), tuple(notices))


def _read(path: Path) -> bytes:
    """The whole file; raises :class:`ImageError` for what is no regular file, too large or unreadable."""
    from seedsmith.tools.images.images import MAX_FILE_BYTES, ImageError, too_large

    name = shown(str(path))
    try:
        path = path.expanduser()
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise ImageError(f"{name} is a folder; name a picture in it.")
        if not stat.S_ISREG(found.st_mode):
            raise ImageError(f"{name} is not a regular file.")
        if found.st_size > MAX_FILE_BYTES:
            raise too_large(name, found.st_size)
        return path.read_bytes()
    except OSError as error:
        raise ImageError(f"The picture {name} can't be read: {error.strerror}.") from None
    except (ValueError, RuntimeError):  # a NUL in the name; the ~ of nobody
        raise ImageError(f"The picture {name} can't be read: there is no such name.") from None


def _leads_out(path: Path, workspace: Path) -> bool:
    """Whether ``path`` lies in the workspace by its name, but a link leads out of it.

    Such a link may come from the repository, which must not choose what files are sent to the model.
    """
    named = Path.cwd() / path.expanduser()
    inside = (Path(os.path.normpath(named)), named.parent.resolve() / named.name)
    leads_in = any(each.is_relative_to(workspace) for each in inside)
    return leads_in and not named.resolve().is_relative_to(workspace)


def _attached(path: Path, prepared: Prepared, asked: bool) -> NoticeGiven:
    where = "" if asked else ", named in the prompt"
    return NoticeGiven("image", f"Attached {shown(str(path))}{where}: {prepared.describe()}.")


def _left(path: Path, why: str) -> NoticeGiven:
    return NoticeGiven("image_left_out", f"{shown(str(path))} in the prompt stays text: {why}.")


def _models_that_see() -> str:
    from seedsmith.agent.models.catalog import catalog

    seeing = [
        f"{provider.name}/{entry.name}"
        for provider in catalog.load().providers.values()
        for entry in provider.models.values()
        if entry.vision
    ]
    return " or ".join(seeing[:2])
