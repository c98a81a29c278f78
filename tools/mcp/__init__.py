"""Servers of the Model Context Protocol: what they are, their connections, and the one tool ``mcp``.

The official SDK speaks the protocol; here stand who may be spoken to, how it is confined, and what the model
reads of it. Which servers there are is found by ``agent/settings``. Begin with ``mcp_tool``.
"""
