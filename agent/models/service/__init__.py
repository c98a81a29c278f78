"""One question to a service until a whole answer came, by one model or another that takes over.

Nothing here knows a wire. Begin with ``service``.
"""
