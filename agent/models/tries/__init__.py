"""What a refusal means, when to ask again, and how many questions a service gets at once.

Nothing here sends anything. Begin with ``retry``.
"""
