"""The tools that run commands: one awaited, others in the background.

How a command is confined is the sandbox's. Begin with ``shell``.
"""
