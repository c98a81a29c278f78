"""Takes over what other agents keep in the home folder: instructions, skills, helpers, servers, hooks.

Each program's files are read in a file of their own; ``target`` writes ours, and never over what is there.
Nothing of theirs is changed, and whatever is not taken is told with why. Begin with ``target``.
"""
