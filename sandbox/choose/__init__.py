"""The isolation of a session: the first whose probe passes, or the one the user named.

Begin with ``select``.
"""
