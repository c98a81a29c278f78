"""Turns and their limits: ask the model, carry out what it calls, append, until nothing is asked.

No provider, no terminal and, in ``loop`` itself, no operating system. Begin with ``loop``.
"""
