"""Gets a complete answer from a service: asks again after failures, and lets another model take over.

Nothing here depends on the wire. Begin with ``service``.
"""
