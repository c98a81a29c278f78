"""What a run can be told, and where it was told: flags, environment, files.

A flag, a configuration key and an ``Agent(...)`` argument are one field of ``Settings``.
Begin with ``settings``. Rules about calls are in ``permissions``.
"""
