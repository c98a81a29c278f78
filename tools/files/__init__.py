"""The tools read, write and edit, and how an edit finds its place.

Begin with ``edit``; ``matching`` finds the place.
"""
