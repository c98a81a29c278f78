"""Fixes a bug with a small model by a search: suspects, many small questions, and tests that decide.

Nothing here knows one benchmark or one repository. Begin with ``repair``.
"""
