"""What the workspace was, and what has changed since, whoever changed it. Undo belongs here.

Begin with ``store``.
"""
