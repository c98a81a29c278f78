"""The view_image tool, and how a file becomes a picture that services take.

Begin with ``view_image``.
"""
