"""The tools glob and grep, over ripgrep.

Begin with ``grep``.
"""
