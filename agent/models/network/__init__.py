"""The way to a service: the SDK's connection, proxies, certificates, and why none came about.

Nothing here knows what is asked. Begin with ``connection``.
"""
