"""Pictures made ready to be sent: passed on where they are fine, changed where they must be, or refused."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from PIL import PngImagePlugin

from seedsmith.tools.images import images
from seedsmith.tools.images.images import DEFAULT_LIMITS, ImageError, ImageLimits, image_format, prepare_image


def saved(picture, kind, **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def opened(prepared):
    return Pillow.open(io.BytesIO(prepared.image.data))


def halves(width=64, height=32, mode="RGB"):
    """Left half red, right half blue."""
    picture = Pillow.new("RGB", (width, height), (255, 0, 0))
    picture.paste((0, 0, 255), (width // 2, 0, width, height))
    return picture.convert(mode)


@pytest.mark.parametrize(
    ("kind", "media_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WebP", "image/webp")]
)
def test_a_fine_picture_goes_out_byte_for_byte(kind, media_type):
    data = saved(halves(), kind)
    prepared = prepare_image(data, "a.txt", "low")
    assert prepared.image.data == data and prepared.image.media_type == media_type
    assert (prepared.image.name, prepared.image.detail, prepared.format) == ("a.txt", "low", kind)
    assert (prepared.width, prepared.height, prepared.sent_width, prepared.sent_height) == (64, 32, 64, 32)


@pytest.mark.parametrize("kind", ["GIF", "BMP"])
def test_what_few_services_take_becomes_png(kind):
    prepared = prepare_image(saved(halves(), kind), "a")
    assert prepared.image.media_type == "image/png" and opened(prepared).format == "PNG"
    assert opened(prepared).convert("RGB").tobytes() == halves().tobytes()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WebP"])
@pytest.mark.parametrize(("orientation", "size", "red_at"), [(3, (64, 32), (60, 16)), (6, (32, 64), (16, 4))])
def test_a_turned_camera_is_turned_back(kind, orientation, size, red_at):
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    prepared = prepare_image(saved(halves(), kind, exif=exif), "a")
    assert (prepared.width, prepared.height) == opened(prepared).size == size
    red, _, blue = opened(prepared).convert("RGB").getpixel(red_at)
    assert red > 200 and blue < 60
    assert not opened(prepared).getexif()


@pytest.mark.slow
def test_a_large_picture_is_scaled_down_to_the_limit():
    prepared = prepare_image(saved(halves(4000, 3000), "PNG"), "a.png")
    width, height = opened(prepared).size
    assert (width, height) == (prepared.sent_width, prepared.sent_height) == (2313, 1735)
    assert width * height <= DEFAULT_LIMITS.pixels
    assert prepared.describe().startswith("4,000 x 3,000 pixels, PNG, sent as 2,313 x 1,735, ")


def test_low_detail_needs_fewer_pixels():
    data = saved(halves(1600, 1200), "PNG")
    low, high = prepare_image(data, "a", "low"), prepare_image(data, "a", "high")
    assert low.sent_width * low.sent_height <= DEFAULT_LIMITS.low_pixels and high.image.data == data
    assert (low.image.detail, high.image.detail) == ("low", "high")


def test_of_a_large_picture_the_small_print_counts():
    assert prepare_image(saved(halves(1025, 1024), "PNG"), "a").image.detail == "high"
    assert prepare_image(saved(halves(1024, 1024), "PNG"), "a").image.detail == ""


def test_a_long_page_is_scaled_to_the_longest_side():
    prepared = prepare_image(saved(halves(400, 8000), "JPEG"), "page")
    assert opened(prepared).size == (300, 6000) and prepared.image.media_type == "image/jpeg"


def test_a_tiny_icon_is_enlarged_pixel_by_pixel():
    prepared = prepare_image(saved(halves(8, 4), "PNG"), "icon")
    assert opened(prepared).size == (32, 16)
    assert opened(prepared).convert("RGB").tobytes() == halves(32, 16).tobytes()


@pytest.mark.slow
def test_transparency_is_kept():
    clear = Pillow.new("RGBA", (3000, 3000), (0, 255, 0, 0))
    assert opened(prepare_image(saved(clear, "PNG"), "a")).getpixel((5, 5))[3] == 0
    palette = Pillow.new("P", (40, 40), 1)
    palette.putpalette([0, 0, 0, 9, 9, 9])
    prepared = prepare_image(saved(palette, "GIF", transparency=1), "a")
    assert opened(prepared).convert("RGBA").getpixel((5, 5))[3] == 0


def test_a_palette_with_transparency_may_stay_or_be_scaled():
    palette = Pillow.new("P", (3000, 3000), 1)
    palette.putpalette([0, 0, 0, 9, 9, 9])
    data = saved(palette, "PNG", transparency=1)
    assert opened(prepare_image(data, "a")).getpixel((5, 5))[3] == 0
    small = saved(palette.resize((30, 30)), "PNG", transparency=1)
    assert prepare_image(small, "a").image.data == small


def test_too_many_bytes_become_a_jpeg_on_white():
    noise = Pillow.effect_noise((300, 300), 90).convert("RGBA")
    noise.putalpha(0)
    prepared = prepare_image(saved(noise, "PNG"), "a", limits=ImageLimits(file_bytes=20_000))
    assert prepared.image.media_type == "image/jpeg" and len(prepared.image.data) <= 20_000
    assert min(opened(prepared).getpixel((9, 9))) > 250


def test_what_no_encoding_makes_small_enough_is_refused():
    noise = Pillow.effect_noise((300, 300), 90)
    with pytest.raises(ImageError, match=r"^a takes [\d,.]+ \w+ even scaled down: cut a part out\.$"):
        prepare_image(saved(noise, "PNG"), "a", limits=ImageLimits(file_bytes=500))


def test_a_printer_s_colours_become_the_screen_s():
    prepared = prepare_image(saved(halves(mode="CMYK"), "JPEG"), "a.jpg")
    picture = opened(prepared)
    assert picture.mode == "RGB" and picture.getpixel((4, 4))[0] > 200 and picture.getpixel((60, 4))[2] > 150


def test_sixteen_bits_become_eight_without_clipping():
    grey = Pillow.new("I;16", (40, 40), 0x8000)
    prepared = prepare_image(saved(grey, "PNG"), "a.png")
    assert opened(prepared).mode == "L" and opened(prepared).getpixel((3, 3)) in (127, 128)


def sixteen_bit_colours(width, height):
    rows = b"".join(b"\0" + b"\x80\x00\x40\x00\x20\x00" * width for _ in range(height))
    return png(chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)), rows)


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(head, rows):
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_sixteen_bit_colours_become_eight():
    prepared = prepare_image(sixteen_bit_colours(20, 20), "a.png")
    assert prepared.image.data[24] == 8 and opened(prepared).getpixel((1, 1)) == (0x80, 0x40, 0x20)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WebP"])
def test_of_an_animation_the_first_frame_is_sent(kind):
    frames = [halves(), halves().rotate(180), Pillow.new("RGB", (64, 32), "white")]
    data = saved(
        frames[0],
        kind,
        save_all=True,
        append_images=frames[1:],
        **({"lossless": True} if kind == "WebP" else {}),
    )
    prepared = prepare_image(data, "a")
    assert prepared.animated and ", its first frame only, " in prepared.describe()
    assert prepared.image.media_type == "image/png" and not getattr(opened(prepared), "is_animated", False)
    assert opened(prepared).convert("RGB").tobytes() == halves().tobytes()


def test_a_damaged_note_of_the_camera_is_no_damage():
    data = saved(halves(), "JPEG", exif=b"Exif\0\0nonsense" * 3)
    assert prepare_image(data, "a").image.data == data


def claiming(width, height):
    """A PNG of some bytes that says it is that large."""
    return png(chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), b"\0" * 100)


def bomb_of_text():
    notes, packed = PngImagePlugin.PngInfo(), zlib.compress(b"0" * 1_000_000)
    for number in range(200):
        notes.add(b"zTXt", b"n%d\0\0%b" % (number, packed))
    return saved(halves(), "PNG", pnginfo=notes)


REFUSED = [
    (b"", "a is empty; pictures are PNG, JPEG, WebP, GIF or BMP files."),
    (b"print('hello')\n", "a is no picture; pictures are"),
    (b"BMW is a brand, and this is text", "a is no picture"),
    (b"\x89PNG", "a is no picture"),
    (b"<svg xmlns='x'></svg>", "a is an SVG drawing, which is text (read shows it; convert it"),
    (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- a -->\n<svg/>", "a is an SVG drawing"),
    (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "a is a HEIC picture, which few services take"),
    (b"\0\0\0\x18ftypavif\0\0\0\0avifmif1", "a is an AVIF picture"),
    (b"\0\0\0\x18ftypisom\0\0\0\0", "a is a video;"),
    (saved(halves(), "TIFF"), "a is a TIFF picture"),
    (saved(halves(32, 32), "ICO"), "a is an ICO icon"),
    (b"%PDF-1.7\n", "a is a PDF document"),
    (saved(halves(), "PNG")[:-40], "a begins as a PNG file, but is damaged or cut off."),
    (saved(halves(), "JPEG")[:300], "a begins as a JPEG file, but is damaged or cut off."),
    (saved(halves(), "WebP", lossless=True)[:-20], "a begins as a WebP file, but is damaged or cut off."),
    (saved(halves(300, 300), "GIF")[:100], "a begins as a GIF file, but is damaged or cut off."),
    (saved(halves(), "BMP")[:100], "a begins as a BMP file, but is damaged or cut off."),
    (claiming(12_000, 8_400), "a has 12,000 x 8,400 pixels, and at most 64 million are decoded: scale it"),
    (claiming(200_000, 200_000), "a has 200,000 x 200,000 pixels, and at most 64 million"),
    (claiming(0, 10), "a begins as a PNG file, but is damaged or cut off."),
    (bomb_of_text(), "a begins as a PNG file, but is damaged or cut off."),
    (saved(halves(3000, 20), "PNG"), "a has 3,000 x 20 pixels, and services take pictures at most 100 times"),
    (saved(halves(), "PNG") + b"\0" * (20 << 20), "a has 21.0 MB, and pictures may have 20.0 MB"),
]


@pytest.mark.parametrize(("data", "words"), REFUSED)
def test_what_can_t_be_shown_is_refused_in_one_sentence(data, words):
    with pytest.raises(ImageError) as refusal:
        prepare_image(data, "a")
    said = str(refusal.value)
    assert said.startswith(words) and said.endswith(".") and "\n" not in said


def test_a_refusal_shows_strange_names_on_one_line():
    with pytest.raises(ImageError, match=r"^a\\u\{A\}b\\u\{1B\} is empty"):
        prepare_image(b"", "a\nb\x1b")


@settings(max_examples=examples(150), deadline=None)
@given(st.sampled_from(["PNG", "JPEG", "WebP", "GIF", "BMP"]), st.data())
def test_no_damage_breaks_it(kind, draw):
    data = bytearray(saved(halves(40, 30), kind))
    for _ in range(draw.draw(st.integers(1, 6))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    try:
        prepared = prepare_image(bytes(data[: draw.draw(st.integers(0, len(data)))]), "a")
    except ImageError:
        return
    assert image_format(prepared.image.data) in ("PNG", "JPEG", "WebP")


@pytest.mark.slow
def test_pillow_is_imported_for_a_picture_alone():
    code = "import sys, seedsmith.tools.registry, seedsmith.agent.run.run\n"
    code += "print([name for name in sys.modules if 'PIL' in name])"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_pictures_are_decoded_one_at_a_time(monkeypatch):
    data = saved(halves(), "PNG")
    inside, most = [], []
    plain = images._prepare

    def counting(*arguments):
        inside.append(1)
        most.append(len(inside))
        prepared = plain(*arguments)
        inside.pop()
        return prepared

    monkeypatch.setattr(images, "_prepare", counting)
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda _: prepare_image(data, "a"), range(64)))
    assert max(most) == 1


def test_the_limit_of_memory_is_told(monkeypatch):
    def out_of_memory(*_):
        raise MemoryError

    monkeypatch.setattr(images, "_open", out_of_memory)
    with pytest.raises(ImageError, match="more memory than there is"):
        prepare_image(saved(halves(), "PNG"), "a")


def test_a_damaged_note_about_a_png_is_left_out_and_a_damaged_picture_refused():
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "a note")
    whole = saved(halves(), "PNG", pnginfo=notes, dpi=(72, 72))
    at = whole.index(b"a note")
    damaged = whole[:at] + b"x" + whole[at + 1 :]
    prepared = prepare_image(damaged, "a.png")
    assert b"tEXt" not in prepared.image.data and b"pHYs" in prepared.image.data
    assert opened(prepared).tobytes() == halves().tobytes()
    assert prepare_image(whole, "a.png").image.data is whole
    for broken in (whole[:19] + b"\x07" + damaged[20:], damaged[: at + 8], whole[:8] + b"\xff"):
        with pytest.raises(ImageError):
            prepare_image(broken, "a.png")
