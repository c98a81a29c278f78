"""The one way of a call: parse, policy, approval, hooks, record, run, shorten, record.

What a tool does lives on the floor of the tools; what a turn is, in ``loop``. Begin with ``dispatch`` (the
calls of an answer), then ``runner`` (one call) and ``gates`` (what may stop it).
"""
