"""Decodes the bytes of a reply into the pieces of one answer, for both wires.

All functions are pure except in ``body_kind``, which reads the beginning of a body. Begin with ``stream``.
"""
