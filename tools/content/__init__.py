"""The content of files: loading, encodings, differences, and whether it parses; and what a command
wrote, as models read it.

No tool lives here. Begin with ``loading``.
"""
