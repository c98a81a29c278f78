"""Detects a file's encoding, and decodes the file without losing a byte.

``decode(data)`` gives text whose :meth:`Encoding.encode` is ``data`` again, byte for byte; what can't be
decoded that way is binary.
"""

from __future__ import annotations

import codecs
import re
from contextlib import suppress

from seedsmith.sandbox.lazy_dataclass import dataclass

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MAGIC = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"\x7fELF", "an ELF program or library"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x00asm", "a WebAssembly module"),
)
_SAMPLE_BYTES = 64 << 10
_HIGH_BYTES = bytes(range(0x80, 0x100))
_HIGH_RUN = re.compile(rb"[\x80-\xff]")


@dataclass(frozen=True, slots=True)
class Encoding:
    """A text file's encoding."""

    codec: str
    """Python's name of the codec, which never writes a BOM by itself."""
    bom: bytes = b""
    stray_bytes: int = 0
    """Bytes that are no UTF-8 in a file that otherwise is; they survive as surrogate escapes."""

    @property
    def label(self) -> str:
        """Its name for people; empty for plain UTF-8, which need not be mentioned."""
        name = {"cp932": "shift_jis"}.get(self.codec, self.codec)
        if self.stray_bytes:
            return f"utf-8 with {self.stray_bytes:,} stray byte(s) shown as \\x{{…}}"
        if self.bom:
            return f"{name} with BOM"
        return "" if name == "utf-8" else name

    @property
    def errors(self) -> str:
        """Python's error handler for this encoding."""
        return "surrogateescape" if self.stray_bytes else "strict"

    def decode(self, data: bytes) -> str:
        """Return the text of ``data`` without its BOM."""
        return data[len(self.bom) :].decode(self.codec, self.errors)

    def encode(self, text: str) -> bytes:
        """Return the bytes of ``text``, without a BOM."""
        return text.encode(self.codec, self.errors)

    def unencodable(self, text: str) -> str | None:
        """Return the first character of ``text`` that can't be encoded and decoded again; None if all can."""
        try:
            if text.encode(self.codec).decode(self.codec) == text:
                return None
        except UnicodeError:
            pass
        return next((letter for letter in text if not _round_trips(letter, self.codec)), None)


UTF_8 = Encoding("utf-8")


def detect(data: bytes, *, complete: bool = True) -> Encoding | None:
    """Say which encoding ``data`` is in; None if it is binary.

    With ``complete`` the whole of ``data`` is sure to decode and encode back to itself. Without it ``data``
    is the beginning of something longer, which may end inside a character; then the answer is a guess good
    enough for showing.
    """
    for bom, codec in _BOMS:
        if data.startswith(bom):
            encoding = Encoding(codec, bom)
            return encoding if _lossless(encoding, data, complete) else None
    if b"\0" in data:
        return None
    if _lossless(UTF_8, data, complete):
        return UTF_8
    return _detect_legacy(data, complete)


def decode_text(data: bytes) -> tuple[Encoding, str] | None:
    """Return the encoding of the whole file ``data`` and its text; None if it is binary."""
    if b"\0" not in data and not data.startswith(codecs.BOM_UTF8):
        # What decodes strictly as UTF-8 encodes back to itself: most files need no second look.
        with suppress(UnicodeDecodeError):
            return UTF_8, data.decode()
    encoding = detect(data)
    return None if encoding is None else (encoding, encoding.decode(data))


def describe_binary(head: bytes) -> str:
    """Name the kind of binary file that begins with ``head``."""
    return next((name for magic, name in _MAGIC if head.startswith(magic)), "a binary file")


def decode_output(data: bytes) -> str:
    """Decode a program's output for showing: any encoding, invalid bytes escaped, never an error."""
    encoding = detect(data, complete=False) or UTF_8
    if encoding.stray_bytes or encoding == UTF_8:
        return data.decode("utf-8", "surrogateescape")
    return data[len(encoding.bom) :].decode(encoding.codec, "backslashreplace")


def _detect_legacy(data: bytes, complete: bool) -> Encoding | None:
    text = data.decode("utf-8", "surrogateescape")
    strays = len(data) - len(text.encode("utf-8", "ignore"))
    valid = len(text) - strays - len(data.translate(None, _HIGH_BYTES))
    if valid >= strays:
        return Encoding("utf-8", stray_bytes=strays)
    for codec in _rank_double_byte(data):
        if _lossless(Encoding(codec), data, complete):
            return Encoding(codec)
    western = Encoding("cp1252")
    has_c1 = re.search(rb"[\x80-\x9f]", data) is not None
    return western if has_c1 and _lossless(western, data, complete) else Encoding("latin-1")


def _lossless(encoding: Encoding, data: bytes, complete: bool) -> bool:
    if not complete:
        decoder = codecs.getincrementaldecoder(encoding.codec)(encoding.errors)
        try:
            decoder.decode(data[len(encoding.bom) :])
        except UnicodeError:
            return False
        return True
    try:
        return encoding.bom + encoding.encode(encoding.decode(data)) == data
    except UnicodeError:
        return False


def _round_trips(letter: str, codec: str) -> bool:
    try:
        return letter.encode(codec).decode(codec) == letter
    except UnicodeError:
        return False


_LEVELS = {
    # Codec: lead and trail bytes of its everyday characters (national standards' first level, punctuation).
    "gbk": (rb"[\xa1-\xa3\xb0-\xd7]", rb"[\xa1-\xfe]"),
    "cp932": (rb"[\x81-\x83\x88-\x97]", rb"[\x40-\x7e\x80-\xfc]"),
    "euc_jp": (rb"[\xa1-\xa5\xb0-\xcf]", rb"[\xa1-\xfe]"),
    "big5": (rb"[\xa1-\xc6]", rb"[\x40-\x7e\xa1-\xfe]"),
    "euc_kr": (rb"[\xa1-\xa3\xb0-\xc8]", rb"[\xa1-\xfe]"),
}
_PAIR = {codec: re.compile(b"(" + lead + trail + b")", re.DOTALL) for codec, (lead, trail) in _LEVELS.items()}
_ANY_PAIR = re.compile(rb"[\x81-\xfe][\x40-\xfe]|[\x80-\xff]", re.DOTALL)
_KANA = {"cp932": rb"[\x82][\x9f-\xf1]|\x83[\x40-\x96]", "euc_jp": rb"[\xa4\xa5][\xa1-\xf6]"}
_KOREAN_SURE = 6
"""Chinese text, too, may hold only syllables' codes by chance, but hardly this many."""
_PLAUSIBLE = 0.7


def _rank_double_byte(data: bytes) -> list[str]:
    """Rank the East Asian codecs by the share of characters that are everyday ones, best first."""
    first = _HIGH_RUN.search(data)
    sample = data[max(0, first.start() - 1) if first else 0 :][:_SAMPLE_BYTES]
    pairs = _ANY_PAIR.findall(sample)
    scores: dict[str, float] = {}
    for codec, everyday in _PAIR.items():
        score = sum(1 for pair in pairs if everyday.fullmatch(pair)) / max(1, len(pairs))
        if codec in _KANA:
            # Japanese prose is full of kana; without any it is far more likely to be Chinese.
            kana = sum(1 for pair in pairs if re.fullmatch(_KANA[codec], pair, re.DOTALL))
            score += 0.2 if kana else -0.15
        if codec == "euc_kr":
            score += 0.1 if score == 1 and len(pairs) >= _KOREAN_SURE else -0.1
        if codec == "big5":
            score -= 0.05
        scores[codec] = score
    ranked = sorted(
        (codec for codec, score in scores.items() if score >= _PLAUSIBLE), key=lambda c: -scores[c]
    )
    if "gbk" in ranked:
        ranked.insert(ranked.index("gbk") + 1, "gb18030")
    return ranked
