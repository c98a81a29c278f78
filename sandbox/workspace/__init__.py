"""A folder opened once, by which every path of a tool goes; files read and replaced byte for byte.

No command is run here. Begin with ``workspace``.
"""
