"""How a tool call is carried out: parsed, checked by the gates, recorded, run, shortened, recorded again.

What a tool does is in ``tools``; what a turn is, in ``loop``. Begin with ``dispatch`` (the
calls of an answer), then ``runner`` (one call) and ``gates`` (what may stop it).
"""
