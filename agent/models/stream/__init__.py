"""From bytes off the wire to the pieces of one answer, whatever the wire.

Pure but for ``sniff``, which looks at a body's beginning. Begin with ``stream``.
"""
