"""What the requests of both wires share: the frame of the body, and going on from a stored answer.

Pure. Begin with ``encode``.
"""
