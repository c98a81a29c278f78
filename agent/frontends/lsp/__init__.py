"""Completion for editors that speak the Language Server Protocol.

Nothing but ``seedsmith lsp`` imports it, for its library is an extra. Begin with ``serving``.
"""
