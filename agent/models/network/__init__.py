"""Connections to services: the SDK, proxies, certificates, and messages for failed connections.

Nothing here knows what a request contains. Begin with ``connection``.
"""
