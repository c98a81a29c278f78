"""Two screenshots held against each other: how much differs, and where."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.base import ToolError

if TYPE_CHECKING:
    from PIL.Image import Image as Pixels

TOLERANCE = 24
"""A pixel differs where a channel does by more, of 255: smoothed letters vary a little."""
_CELL = 16
MOST_REGIONS = 12
MOST_PIXELS = 64_000_000


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between two pictures, in pixels."""

    sizes: tuple[tuple[int, int], tuple[int, int]]
    changed: int
    """Pixels that differ where both have one."""
    share: float
    """Of all pixels both have."""
    regions: tuple[tuple[int, int, int, int], ...]
    """Left, top, width and height of each, the largest first."""
    more: int
    """Regions that are left out."""
    picture: bytes
    """The second with the regions framed, PNG."""

    def in_words(self) -> str:
        """All of it in words."""
        first, second = self.sizes
        lines = []
        if first != second:
            lines.append(f"The sizes differ: {first[0]} x {first[1]} and {second[0]} x {second[1]} pixels.")
        if not self.changed:
            lines.append("No pixel differs." if first == second else "No pixel differs where both have one.")
            return "\n".join(lines)
        lines.append(f"{self.changed:,} pixels differ ({self.share:.2%}), in:")
        lines += [f"- {width} x {height} at ({left}, {top})" for left, top, width, height in self.regions]
        if self.more:
            lines.append(f"- {self.more} smaller regions")
        return "\n".join(lines)


def compare(first: bytes, second: bytes) -> Difference:
    """Compare two pictures pixel by pixel, from the upper left corner. Raises :class:`ToolError`."""
    from PIL import ImageChops, ImageDraw

    one, other = _opened(first), _opened(second)
    width, height = min(one.width, other.width), min(one.height, other.height)
    box = (0, 0, width, height)
    apart = ImageChops.difference(one.crop(box), other.crop(box))
    bands = [band.point(lambda value: 255 if value > TOLERANCE else 0) for band in apart.split()]
    mask = bands[0]
    for band in bands[1:]:
        mask = ImageChops.lighter(mask, band)
    changed = mask.histogram()[255]
    regions = _regions(mask)
    framed = other.copy()
    draw = ImageDraw.Draw(framed)
    for left, top, wide, high in regions[:MOST_REGIONS]:
        draw.rectangle((left - 2, top - 2, left + wide + 1, top + high + 1), outline=(255, 0, 80), width=2)
    file = BytesIO()
    framed.save(file, "PNG")
    return Difference(
        sizes=(one.size, other.size),
        changed=changed,
        share=changed / (width * height),
        regions=tuple(regions[:MOST_REGIONS]),
        more=max(0, len(regions) - MOST_REGIONS),
        picture=file.getvalue(),
    )


def _opened(data: bytes) -> Pixels:
    from PIL import Image

    try:
        with Image.open(BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise ToolError("browser: one of the pictures is too large to be compared.")
            return picture.convert("RGB")
    except ToolError:
        raise
    except Exception:  # a decoder fed with garbage raises whatever it pleases
        raise ToolError("browser: what is compared must be pictures: PNG, JPEG or WebP.") from None


def _regions(mask: Pixels) -> list[tuple[int, int, int, int]]:
    """The boxes around what is set in ``mask``, neighbouring parts taken together, the largest first."""
    from PIL.Image import Resampling

    columns, rows = -(-mask.width // _CELL), -(-mask.height // _CELL)
    grown = mask.crop((0, 0, columns * _CELL, rows * _CELL))
    cells_set = grown.resize((columns, rows), Resampling.BOX).tobytes()  # one pixel of 255 makes a cell 1
    exact = {at for at, value in enumerate(cells_set) if value}
    found = []
    while exact:
        part, border = set(), [exact.pop()]
        while border:
            at = border.pop()
            part.add(at)
            row, column = divmod(at, columns)
            for down in (-1, 0, 1):
                for right in (-1, 0, 1):
                    near = (row + down) * columns + column + right
                    if 0 <= column + right < columns and near in exact:
                        exact.discard(near)
                        border.append(near)
        top, bottom = min(part) // columns, max(part) // columns
        left, right = min(at % columns for at in part), max(at % columns for at in part)
        cells = (left * _CELL, top * _CELL, (right + 1) * _CELL, (bottom + 1) * _CELL)
        inner = grown.crop(cells).getbbox()
        if inner is not None:
            found.append((cells[0] + inner[0], cells[1] + inner[1], inner[2] - inner[0], inner[3] - inner[1]))
    return sorted(found, key=lambda each: (-each[2] * each[3], each))
