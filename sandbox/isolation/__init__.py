"""How a command is confined: by bubblewrap, by Landlock, by a container around, or not.

Nothing here starts one. Begin with ``base``, then ``bubblewrap``.
"""
