"""Names that others chose begin no row of their own."""

from __future__ import annotations

from seedsmith.agent.frontends.terminal import visible_row


def test_a_line_end_in_a_name_is_shown_as_one():
    assert visible_row("a\nfix-bug  Trusted  (built-in)\t\r\x1b[2K\u3164") == (
        "a\\nfix-bug  Trusted  (built-in)\\t\\x0d\\x1b[2K\\u{3164}"
    )
