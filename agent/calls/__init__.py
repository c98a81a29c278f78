"""The one way of a call: parse, policy, approval, hooks, record, run, shorten, record.

What a tool does lives on the floor of the tools; what a turn is, in ``loop``. Begin with ``dispatch``.
"""
