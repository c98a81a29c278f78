"""Retries: what a refusal means, when to ask again, and how many requests a service gets at once.

Nothing here sends anything. Begin with ``retry``.
"""
