"""The git tool, with a file for each kind of action.

How git is kept from running what a repository names is in ``sandbox/git``. Begin with ``git_tool``.
"""
