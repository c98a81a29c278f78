"""Language servers: which serve a workspace, what they say of an edit, and the tool ``symbols`` over them.

A library speaks JSON-RPC; the servers are the repository's own, started in the sandbox, where they can change
nothing. Whether a session has any is decided by ``agent/run``. Begin with ``pool``.
"""
