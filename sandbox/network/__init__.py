"""The network of a session: a loopback that its commands share, and the one way out of it.

Nothing here starts commands. Begin reading at :mod:`seedsmith.sandbox.network.session_network`.
"""
