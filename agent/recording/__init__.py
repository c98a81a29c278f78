"""A run as a file: written while it happens, and held against a run that is made again.

It listens and plays back; it never decides what a run does. Begin with ``recorder``, then ``replayer``.
"""
