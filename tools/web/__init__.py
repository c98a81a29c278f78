"""The fetch tool: one document of the network, as text, for a session that the user lets reach it.

Which hosts are reached is the user's word alone (``sandbox/network``). Begin with ``fetch_tool``.
"""
