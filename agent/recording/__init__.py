"""A run as a file, the recording: written while the run happens, and compared with the same run made again.

``format`` has the lines of the file; ``writer`` and ``reader`` are its two ends. ``recorder`` and
``replayer`` stand between a run and its connection. Nothing here decides what a run does. Begin with
``recorder``, then ``replayer``.
"""
