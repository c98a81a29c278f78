"""The conversation at a terminal: a prompt that stays open while the model works, its answers above it.

Each message is one run that goes on with the session of the one before; nothing here asks a model or runs a
tool itself. Begin with ``conversation``.
"""
