"""What the model reads besides its own turns: prompts, instructions, images, and the profile that picks them.

Nothing here asks a model. Begin with ``opening_messages``; the texts are in ``prompts``.
"""
