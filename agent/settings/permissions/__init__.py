"""What the user lets the model do without asking: rules, and what was granted when asked.

Rules are manners, not the boundary: the sandbox limits what a call can reach. What asks a person, and what
runs the call, is in ``calls``. Begin with ``decision`` (what the rules say of a call), then ``shell_parser``
(the commands in a shell command) and ``grants``.
"""
