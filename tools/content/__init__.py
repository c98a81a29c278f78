"""The content of files: loading, encodings, differences, and whether it parses.

No tool lives here. Begin with ``loading``.
"""
