"""The git tool, a file for each kind of action.

How git is kept from obeying a repository lives in the sandbox's room of that name. Begin with ``git``.
"""
