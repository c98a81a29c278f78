"""Providers, models, limits and prices: the built-in ones in ``catalog.yaml``, the user's own over them.

A provider is added in ``catalog.yaml``. Begin with ``catalog``.
"""
