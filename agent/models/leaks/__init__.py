"""Calls and thinking that a model wrote as text: found, recovered, and held back from people.

Pure. Begin with ``dialects``.
"""
