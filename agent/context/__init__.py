"""What the model is told before and beside its turns: prompts, instructions, pictures, the profile.

Nothing here asks a model. Begin with ``opening_messages``; the texts are in ``prompts``.
"""
