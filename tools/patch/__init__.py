"""The patch tool: both forms of a patch as one model, placed, planned, and written whole or not at all.

Begin with ``patch``.
"""
