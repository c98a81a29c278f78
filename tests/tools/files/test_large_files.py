"""Files of many megabytes are edited and patched like small ones: only the place meant changes."""

from __future__ import annotations

import pytest
from examples import ALL

from seedsmith.tools.base import ToolError

LINES = 700_000 if ALL else 100_000


def line(number: int) -> bytes:
    return b"line %08d of a file that holds plain words, \xc3\xa9 now and then\n" % number


@pytest.fixture(params=[b"", b"\xe4\xb8\xad\xff\n", b"\xef\xbb\xbf"], ids=["plain", "stray bytes", "BOM"])
def large(bench, request):
    """A workspace with a file of more than 6 MB (40 MB in the slow run), and its bytes."""
    data = request.param + b"".join(map(line, range(LINES)))
    bench.put("large.txt", data)
    return bench, data


async def test_one_line_of_a_large_file_is_edited_and_patched_back(large):
    bench, data = large
    await bench.call("read", path="large.txt", limit=1)
    old = line(LINES // 2)
    result = await bench.call("edit", path="large.txt", old=old.decode(), new="short\n")
    assert bench.bytes("large.txt") == data.replace(old, b"short\n")
    assert f"-line {LINES // 2:08}" in result.text and "+short" in result.text
    number = data[: data.index(old)].count(b"\n")
    above, below = line(LINES // 2 - 1).decode(), line(LINES // 2 + 1).decode()
    patch = f"@@ -{number},3 +{number},3 @@\n {above}-short\n+{old.decode()} {below}"
    await bench.call("patch", patch=f"--- a/large.txt\n+++ b/large.txt\n{patch}")
    assert bench.bytes("large.txt") == data
    # Both left behind what they wrote as seen, so that the next change needs no reading.
    await bench.call("edit", path="large.txt", old=old.decode(), new="")


async def test_a_large_file_changed_by_another_since_it_was_read_is_edited_where_the_text_fits(large):
    bench, data = large
    await bench.call("read", path="large.txt", limit=1)
    changed = data.replace(b"00000077", b"77777777")
    bench.put("large.txt", changed)
    told = await bench.call("edit", path="large.txt", old=f"{LINES // 2:08}", new="x")
    assert "the file had changed since you last saw it" in told.text
    assert bench.bytes("large.txt") == changed.replace(b"%08d" % (LINES // 2), b"x")
    with pytest.raises(ToolError, match="large.txt has changed since you last saw it"):
        await bench.call("write", path="large.txt", content="x")
