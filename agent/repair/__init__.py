"""The search by which a small model fixes a bug: suspects, many small questions, and tests that decide.

Nothing here knows one benchmark or one repository. Begin with ``repair``.
"""
