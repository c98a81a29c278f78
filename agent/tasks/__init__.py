"""Ready-made jobs over whole runs: fixing a bug, finding the tests, the demo, the doctor, tests of skills.

Nothing here prints or reads the keyboard, and no run depends on it. Begin with ``fix``.
"""
