"""What stays on disk of a run: its records, its outcome, and how it is gone on with.

Nothing here asks a model or runs a tool. Begin with ``session``, then ``records``.
"""
