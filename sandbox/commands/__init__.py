"""Commands from their start until nothing is left of them: limits, output, the background.

Begin with ``process``.
"""
