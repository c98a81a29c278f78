"""Fixes a bug with a small model by a search: it finds suspects, asks many small questions, and runs the
tests.

Nothing here knows one benchmark or one repository. Begin with ``repair``.
"""
