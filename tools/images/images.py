"""From a file's bytes to a picture that services take: recognized by content, upright, within the limits."""

from __future__ import annotations

import math
import threading
from io import BytesIO
from typing import TYPE_CHECKING

from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.base import Image, ToolError
from seedsmith.tools.images.png_notes import without_damaged_notes
from seedsmith.tools.text import human_bytes, shown_path

if TYPE_CHECKING:
    from PIL.Image import Image as Pixels
    from PIL.ImageFile import ImageFile

MAX_FILE_BYTES = 20_000_000
"""A larger file is not read."""
MAX_DECODED_PIXELS = 64_000_000
"""A picture that says it has more is not decoded: its pixels would take more than 256 MB of memory."""

_ORIENTATION = 0x0112
"""EXIF's tag for how the camera was held; 1: upright."""
_JPEG_QUALITY = 90
_one_at_a_time = threading.Lock()
"""Several calls may run together, and each may need some 300 MB."""
_WIDE_MODES = ("I", "I;16")
_OPAQUE_MODES = ("L", "RGB")
_PASSED_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA")


class ImageError(ToolError):
    """A picture that can't be shown to a model; the sentence names it and says why."""


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """What a service takes of one picture. The defaults are the strictest known, so safe anywhere.

    Ark's page on pictures (volcengine.com/docs/82379/1362931) gives the pixels it works on, above which it
    scales down itself, the least side and the 10 MB a file may have; its page on multimodal embeddings
    (BytePlus ModelArk 1409290) the longest side and the ratio.
    """

    pixels: int = 4_014_080
    """Width times height of ``high`` detail."""
    low_pixels: int = 1_048_576
    """The same of ``low``, which is what Ark looks at where nothing is said."""
    longest_side: int = 6_000
    shortest_side: int = 16
    """A smaller picture is enlarged, pixel by pixel; Ark wants more than 14."""
    ratio: int = 100
    """How many times as long as wide; nothing can be done about a longer one."""
    file_bytes: int = 7_000_000
    """Before base64, which makes 4 bytes of 3."""


DEFAULT_LIMITS = ImageLimits()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A picture ready to be sent, and what was done to it. Sizes are in pixels, upright."""

    image: Image
    width: int
    height: int
    """Of the file's picture."""
    sent_width: int
    sent_height: int
    format: str
    """Of the file, e.g. ``PNG``."""
    animated: bool = False
    """Whether only the first frame is sent."""

    def describe(self) -> str:
        """Size, format and bytes in words, and what differs in what is sent."""
        said = f"{self.width:,} x {self.height:,} pixels, {self.format}"
        if (self.sent_width, self.sent_height) != (self.width, self.height):
            said += f", sent as {self.sent_width:,} x {self.sent_height:,}"
        if self.animated:
            said += ", its first frame only"
        return f"{said}, {human_bytes(len(self.image.data))}"


def image_format(head: bytes) -> str | None:
    """``PNG``, ``JPEG``, ``WebP``, ``GIF`` or ``BMP`` by a file's first 32 bytes; None: something else."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WebP"
    # "BM" begins many a text: the size of the second header, 12 to 124 bytes, is what texts don't have.
    if head.startswith(b"BM") and head[14:15] in b"\x0c\x28\x34\x38\x40\x6c\x7c" and head[15:18] == b"\0\0\0":
        return "BMP"
    return None


def prepare_image(data: bytes, name: str, detail: str = "", limits: ImageLimits = DEFAULT_LIMITS) -> Prepared:
    """Make of the file ``data`` what a service takes; ``name`` is for people and for the model.

    A file that is fine as it is goes out byte for byte; BMP and GIF become PNG; cameras' turned pictures
    are turned back. Without ``detail`` a large picture is to be looked at closely. Takes up to two seconds
    of a processor. Raises :class:`ImageError`.
    """
    shown = shown_path(name)
    if len(data) > MAX_FILE_BYTES:
        raise too_large(name, len(data))
    found = image_format(data[:32])
    if found is None:
        raise ImageError(f"{shown} is {_other_kind(data)}; pictures are PNG, JPEG, WebP, GIF or BMP files.")
    try:
        with _one_at_a_time:
            whole = without_damaged_notes(data) if found == "PNG" else data
            return _prepare(whole, name, found, detail, limits)
    except ImageError:
        raise
    except MemoryError:
        raise ImageError(f"{shown} needs more memory than there is: scale it down first.") from None
    except Exception:  # a decoder fed with garbage raises whatever it pleases
        raise ImageError(f"{shown} begins as a {found} file, but is damaged or cut off.") from None


def too_large(name: str, size: int) -> ImageError:
    """The error for a file of ``size`` bytes, more than :data:`MAX_FILE_BYTES`."""
    return ImageError(
        f"{shown_path(name)} has {human_bytes(size)}, and pictures may have {human_bytes(MAX_FILE_BYTES)}: "
        "scale it down first."
    )


def _prepare(data: bytes, name: str, found: str, detail: str, limits: ImageLimits) -> Prepared:
    picture = _open(data, found)
    shown, (width, height) = shown_path(name), picture.size
    if width * height > MAX_DECODED_PIXELS:
        raise ImageError(
            f"{shown} has {width:,} x {height:,} pixels, and at most {MAX_DECODED_PIXELS // 10**6} million "
            "are decoded: scale it down first."
        )
    if max(width, height) > limits.ratio * min(width, height):
        raise ImageError(
            f"{shown} has {width:,} x {height:,} pixels, and services take pictures at most {limits.ratio} "
            "times as long as wide: cut out the part that matters."
        )
    orientation = _orientation(picture)
    on_its_side = orientation >= 5
    if on_its_side:
        width, height = height, width
    sent_width, sent_height = _fitting(width, height, detail, limits)
    if not detail and sent_width * sent_height > limits.low_pixels:
        detail = "high"  # or small print would be lost
    animated = bool(getattr(picture, "is_animated", False))
    deep = found == "PNG" and data[24] == 16
    same = (
        (sent_width, sent_height) == (width, height)
        and orientation == 1
        and found in ("PNG", "JPEG", "WebP")
        and picture.mode in _PASSED_MODES
        and not (animated or deep)
        and len(data) <= limits.file_bytes
    )
    if found == "JPEG" and not same:
        picture.draft(None, (sent_height, sent_width) if on_its_side else (sent_width, sent_height))
    picture.load()  # even where the bytes are passed on: a damaged file would spoil every later request
    if same:
        image = Image(data, f"image/{found.lower()}", name, detail)
    else:
        pixels = _upright(picture, orientation, (sent_width, sent_height))
        encoded, media_type = _encode(pixels, found, limits)
        if len(encoded) > limits.file_bytes:
            raise ImageError(f"{shown} takes {human_bytes(len(encoded))} even scaled down: cut a part out.")
        image = Image(encoded, media_type, name, detail)
    return Prepared(image, width, height, sent_width, sent_height, found, animated)


def _open(data: bytes, found: str) -> ImageFile:
    """The picture with only its header read. One decoder each: no other format can slip in."""
    from PIL import BmpImagePlugin, GifImagePlugin, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

    file = BytesIO(data)
    match found:
        case "PNG":
            return PngImagePlugin.PngImageFile(file)
        case "JPEG":
            return JpegImagePlugin.JpegImageFile(file)
        case "GIF":
            return GifImagePlugin.GifImageFile(file)
        case "WebP":
            return WebPImagePlugin.WebPImageFile(file)
        case _:
            return BmpImagePlugin.BmpImageFile(file)


def _orientation(picture: ImageFile) -> int:
    """EXIF's number for how the camera was held, 1 to 8; 1 (upright) where nothing sensible is said."""
    try:
        said = picture.getexif().get(_ORIENTATION)
    except Exception:  # a damaged note about a picture is no damage to the picture
        return 1
    return said if isinstance(said, int) and 1 <= said <= 8 else 1


def _fitting(width: int, height: int, detail: str, limits: ImageLimits) -> tuple[int, int]:
    """The size to send a picture of ``width`` x ``height`` in; the same where it fits."""
    if min(width, height) < limits.shortest_side:
        times = math.ceil(limits.shortest_side / min(width, height))
        return width * times, height * times
    pixels = limits.low_pixels if detail == "low" else limits.pixels
    scale = min(1.0, math.sqrt(pixels / (width * height)), limits.longest_side / max(width, height))
    if scale == 1.0:
        return width, height
    floor = min(limits.shortest_side, width, height)
    return max(floor, int(width * scale)), max(floor, int(height * scale))


def _upright(picture: ImageFile, orientation: int, size: tuple[int, int]) -> Pixels:
    """The first frame in 8 bits a channel, turned as the camera was held, in the size asked for."""
    from PIL import ImageOps
    from PIL.Image import Resampling

    pixels: Pixels = picture
    if pixels.mode in _WIDE_MODES:  # 16 bits of grey; a plain conversion would clip them
        pixels = pixels.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    elif pixels.mode not in _OPAQUE_MODES:
        pixels = pixels.convert("RGBA" if pixels.has_transparency_data else "RGB")
    if orientation != 1:
        pixels = ImageOps.exif_transpose(pixels)
    if pixels.size == size:
        return pixels
    if size[0] < pixels.size[0]:
        return pixels.resize(size, Resampling.LANCZOS, reducing_gap=2.0)
    return pixels.resize(size, Resampling.NEAREST)


def _encode(pixels: Pixels, found: str, limits: ImageLimits) -> tuple[bytes, str]:
    """The file and its media type: photographs stay JPEG, all else is PNG unless that is too large."""
    if found != "JPEG":
        data = _saved(pixels, "PNG")
        if len(data) <= limits.file_bytes:
            return data, "image/png"
    if pixels.mode == "RGBA":
        from PIL.Image import new

        ground = new("RGB", pixels.size, "white")
        ground.paste(pixels, mask=pixels.getchannel("A"))
        pixels = ground
    return _saved(pixels, "JPEG"), "image/jpeg"


def _saved(pixels: Pixels, kind: str) -> bytes:
    """Encode without the file's other contents: its profile and EXIF no longer describe these pixels."""
    file = BytesIO()
    pixels.save(file, kind, quality=_JPEG_QUALITY, icc_profile=None, exif=b"")
    return file.getvalue()


def _other_kind(data: bytes) -> str:
    """Name what is no picture we take, as precisely as its first bytes allow."""
    if not data:
        return "empty"
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"<svg") or (head.startswith((b"<?xml", b"<!")) and b"<svg" in data[:4096]):
        return "an SVG drawing, which is text (read shows it; convert it to PNG to have it seen)"
    if data[4:8] == b"ftyp":
        brand = data[8:12]
        if brand in (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"):
            return "a HEIC picture, which few services take (convert it to JPEG)"
        return (
            "an AVIF picture, which few services take (convert it to PNG)" if brand == b"avif" else "a video"
        )
    for magic, what in (
        (b"II*\0", "a TIFF picture (convert it to PNG)"),
        (b"MM\0*", "a TIFF picture (convert it to PNG)"),
        (b"\0\0\1\0", "an ICO icon (convert it to PNG)"),
        (b"8BPS", "a Photoshop file (export it as PNG)"),
        (b"%PDF", "a PDF document (convert the page to PNG)"),
    ):
        if data.startswith(magic):
            return what
    return "no picture"
