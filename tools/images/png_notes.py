"""PNG files whose notes about the picture are damaged, and whose picture is not."""

from __future__ import annotations

import zlib

_SIGNATURE_BYTES, _AROUND = 8, 12
_ANCILLARY = 0x20
"""This bit of the first letter of a chunk's name says that the picture is whole without it."""


def without_damaged_notes(data: bytes) -> bytes:
    """``data`` without the ancillary chunks with a wrong checksum; itself where there is none."""
    kept, at = [data[:_SIGNATURE_BYTES]], _SIGNATURE_BYTES
    while at < len(data):
        end = at + _AROUND + int.from_bytes(data[at : at + 4])
        if end > len(data):
            return data
        ancillary = data[at + 4] & _ANCILLARY
        if not ancillary or zlib.crc32(data[at + 4 : end - 4]) == int.from_bytes(data[end - 4 : end]):
            kept.append(data[at:end])
        at = end
    return data if sum(map(len, kept)) == len(data) else b"".join(kept)
