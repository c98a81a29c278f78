"""Git on a repository nobody trusts: found by looking, confined, deaf to its configuration.

Begin with ``git``.
"""
