"""Providers, models, limits and prices: the built-in ones in ``catalog.yaml``, the user's own over them.

A provider is added in ``catalog.yaml``, from which ``catalog.json`` is generated. Begin with ``catalog``.
"""
